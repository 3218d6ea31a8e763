"""Settings in a dataclass."""

from dataclasses import dataclass


@dataclass
class TrainConfig:
    lr: float = 0.01
    weight_decay: float = 0.0
    steps: int = 400
    depth: int = 3
    path: str = "data"


config = TrainConfig()
print("step", config.steps, "bits", 1 / config.lr)
