"""Lightning: a callback reports after every validation and keeps a checkpoint to go on from."""

# ruff: noqa: ARG002 - the arguments of callbacks are given by the framework
from typing import Any

import torch
from torch import nn

from hpo_tui import trial

try:
    import lightning
    from lightning.pytorch.callbacks import Callback
except ImportError:
    lightning, Callback = None, object


class ReportEpochs(Callback):
    """Reports the metrics that were logged in an epoch, and stops the trainer when asked to."""

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Report; ``trainer.callback_metrics`` holds tensors of one element."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        trial.report(trainer.current_epoch + 1, **trainer.callback_metrics)
        trainer.should_stop = trainer.should_stop or trial.should_stop()

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Keep the state of everything."""
        new = trial.checkpoint / "new.ckpt"
        trainer.save_checkpoint(new)
        if trainer.is_global_zero:
            new.replace(trial.checkpoint / "last.ckpt")


def make_module(lr: float, width: int) -> Any:
    """Return a module that learns y = sin(x)."""

    class Sine(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))

        def training_step(self, batch: Any, index: int) -> Any:
            return nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_error", nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr)

    return Sine()


def main() -> None:
    if lightning is None:
        raise SystemExit("This recipe needs Lightning: pip install lightning")
    p = {"lr": 0.01, "width": 32} | trial.params
    lightning.seed_everything(trial.seed)
    x = torch.linspace(-3, 3, 256).view(-1, 1)
    data = torch.utils.data.TensorDataset(x, torch.sin(x))
    trainer = lightning.Trainer(
        max_epochs=int(trial.fidelity.get("epochs", 8)),
        accelerator="auto",
        devices=1,
        callbacks=[ReportEpochs()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(
        make_module(p["lr"], p["width"]),
        torch.utils.data.DataLoader(data, 64, shuffle=True),
        torch.utils.data.DataLoader(data, 256),
        ckpt_path=trial.resume / "last.ckpt" if trial.resume else None,
    )


if __name__ == "__main__":
    main()
