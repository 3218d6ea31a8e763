"""Sparse network on handwritten digits: how few weights are enough?

A small version of a study on sparse networks: a multilayer perceptron whose weights are mostly
switched off by a fixed random mask, trained on scikit-learn's 8x8 digits. Two metrics conflict:
``accuracy`` on held-out images, and ``nonzero_weights``, the number of weights that are left on.

The learning rate rises and falls once (one cycle) over the epochs *of the task*: with a schedule
made for 60 epochs, a run of 15 would be judged in the middle of its warm-up. A promoted trial
loads weights and optimizer state from its checkpoint and takes its place in the longer schedule:
after 15 of 60 epochs it continues at a quarter of the way, so the rate rises again.

Runs by itself as well: ``python train.py`` trains once with the default values.
"""

import math
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from hpo_tui import trial

DEFAULTS = {
    "lr": 0.02,
    "warmup": 0.3,
    "batch_size": 64,
    "weight_decay": 1e-4,
    "width1": 128,
    "width2": 128,
    "sparsity1": 0.8,
    "sparsity2": 0.9,
    "optimizer": "sgd",
    "momentum": 0.9,
}
CLASSES = 10
TRAIN_IMAGES = 900  # of 1797; the others measure the accuracy


class SparseLinear(nn.Linear):
    """A linear layer of whose weights only a random share is ever used."""

    def __init__(self, inputs: int, outputs: int, sparsity: float) -> None:
        super().__init__(inputs, outputs)
        kept = max(outputs, round((1 - sparsity) * inputs * outputs))
        mask = torch.zeros(inputs * outputs)
        mask[torch.randperm(inputs * outputs)[:kept]] = 1
        self.register_buffer("mask", mask.view(outputs, inputs))
        with torch.no_grad():  # each unit has fewer inputs, so each weighs more
            self.weight.mul_(self.mask / math.sqrt(kept / (inputs * outputs)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


def build(p: dict) -> nn.Sequential:
    return nn.Sequential(
        SparseLinear(64, p["width1"], p["sparsity1"]),
        nn.ReLU(),
        SparseLinear(p["width1"], p["width2"], p["sparsity2"]),
        nn.ReLU(),
        nn.Linear(p["width2"], CLASSES),
    )


def count_nonzero(model: nn.Sequential) -> int:
    return sum(
        int(layer.mask.sum()) if isinstance(layer, SparseLinear) else layer.weight.numel()
        for layer in model
        if isinstance(layer, nn.Linear)
    )


def make_optimizer(model: nn.Module, p: dict) -> torch.optim.Optimizer:
    if p["optimizer"] == "sgd":
        return torch.optim.SGD(
            model.parameters(), p["lr"], momentum=p["momentum"], weight_decay=p["weight_decay"]
        )
    # Adam takes far smaller steps than SGD for the same benefit: one range serves both.
    return torch.optim.AdamW(model.parameters(), p["lr"] / 10, weight_decay=p["weight_decay"])


def one_cycle(progress: float, warmup: float) -> float:
    """Factor on the learning rate at ``progress`` (0 to 1) through the training."""
    if progress < warmup:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * progress / warmup)) / 2
    return (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))) / 2


def load_data() -> tuple[torch.Tensor, ...]:
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))  # the same split every time
    x = torch.tensor(digits.data[order] / 8 - 1, dtype=torch.float32)
    y = torch.tensor(digits.target[order])
    return x[:TRAIN_IMAGES], y[:TRAIN_IMAGES], x[TRAIN_IMAGES:], y[TRAIN_IMAGES:]


def shifted(x: torch.Tensor) -> torch.Tensor:
    """Return the images moved by up to one pixel each way: no epoch sees the same ones."""
    down, right = torch.randint(-1, 2, (2,)).tolist()
    images = F.pad(x.view(-1, 8, 8), (1, 1, 1, 1), value=-1.0)
    return images[:, 1 + down : 9 + down, 1 + right : 9 + right].reshape(len(x), 64)


def save(path: Path, **state: object) -> None:
    """Write a checkpoint so that a crash half way leaves the one before."""
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def main() -> None:
    torch.set_num_threads(1)
    p = DEFAULTS | trial.params
    epochs = int(trial.fidelity.get("epochs", 60))
    torch.manual_seed(trial.seed)
    train_x, train_y, test_x, test_y = load_data()
    model = build(p)
    optimizer = make_optimizer(model, p)
    peak = optimizer.param_groups[0]["lr"]
    done = 0
    if trial.resume:
        state = torch.load(trial.resume / "state.pt")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epochs"]
    batches = math.ceil(len(train_x) / p["batch_size"])
    for epoch in range(done, epochs):
        model.train()
        for i, batch in enumerate(torch.randperm(len(train_x)).split(p["batch_size"])):
            progress = (epoch + i / batches) / epochs
            optimizer.param_groups[0]["lr"] = peak * one_cycle(progress, p["warmup"])
            loss = F.cross_entropy(model(shifted(train_x[batch])), train_y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
        trial.report(
            epoch + 1,
            accuracy=round(accuracy, 5),
            nonzero_weights=count_nonzero(model),
            loss=loss.item(),
        )
        if (epoch + 1) % 5 == 0 or epoch + 1 == epochs:
            save(
                trial.checkpoint / "state.pt",
                model=model.state_dict(),
                optimizer=optimizer.state_dict(),
                epochs=epoch + 1,
            )
            print(f"epoch {epoch + 1}: loss {loss.item():.4f}, checkpoint written")


if __name__ == "__main__":
    main()
