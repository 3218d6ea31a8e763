"""Hugging Face Trainer: a callback reports every evaluation; checkpoints are the Trainer's own."""

from pathlib import Path

# ruff: noqa: ARG002 - the arguments of callbacks are given by the framework
from typing import Any

import torch
from torch import nn

from hpo_tui import trial

try:
    import transformers
    from transformers import TrainerCallback
except ImportError:
    transformers, TrainerCallback = None, object


class ReportEvaluations(TrainerCallback):
    """Reports the numbers of each evaluation, and ends the training when asked to."""

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict | None = None, **_: Any
    ) -> None:
        """Report at the epoch that has ended; keys are such as ``eval_loss``."""
        if not state.is_world_process_zero:
            return
        numbers = {k: v for k, v in (metrics or {}).items() if isinstance(v, int | float)}
        numbers.pop("epoch", None)
        trial.report(round(state.epoch or 0), **numbers)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save and leave when the study asks to."""
        if trial.should_stop():
            control.should_save = control.should_training_stop = True


class Sine(nn.Module):
    """Learns y = sin(x), and returns loss and prediction as the Trainer wants them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        y = self.net(x)
        return {"loss": nn.functional.mse_loss(y, labels), "logits": y}


def last_checkpoint(folder: Path | None) -> str | None:
    """Return the newest ``checkpoint-<step>`` in a folder, None where there is none."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda p: p.stat().st_mtime) if folder else []
    return str(found[-1]) if found else None


def main() -> None:
    if transformers is None:
        raise SystemExit("This recipe needs transformers: pip install transformers accelerate")
    p = {"lr": 0.01, "width": 32} | trial.params
    transformers.set_seed(trial.seed)
    rows = [{"x": [v], "labels": [s]} for v in torch.linspace(-3, 3, 256).tolist()
            for s in [float(torch.sin(torch.tensor(v)))]]  # fmt: skip
    trainer = transformers.Trainer(
        model=Sine(p["width"]),
        args=transformers.TrainingArguments(
            output_dir=str(trial.checkpoint),
            num_train_epochs=int(trial.fidelity.get("epochs", 8)),
            learning_rate=p["lr"],
            per_device_train_batch_size=64,
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=2,
            report_to=[],
            disable_tqdm=True,
            # A promoted trial sees the same rate at the same epoch.
            lr_scheduler_type="constant",
        ),
        train_dataset=rows,
        eval_dataset=rows,
        callbacks=[ReportEvaluations()],
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(trial.resume))


if __name__ == "__main__":
    main()
