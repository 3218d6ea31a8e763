"""Keras: a callback reports every epoch; Keras' own backup is the checkpoint to go on from."""

import os
import shutil
from typing import Any

import numpy as np

from hpo_tui import trial

os.environ.setdefault("KERAS_BACKEND", "torch")
try:
    import keras
    from keras.callbacks import Callback
except ImportError:
    keras, Callback = None, object


class ReportEpochs(Callback):
    """Reports the metrics of every epoch, and ends the training when asked to."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Report; ``logs`` holds such names as ``loss`` and ``val_loss``."""
        trial.report(epoch + 1, **(logs or {}))
        if trial.should_stop():
            self.model.stop_training = True


def backup() -> Any:
    """Return the callback that keeps weights, optimizer and epoch, and goes on from those kept.

    It has one folder for both, so what a promotion continues from is copied there first.
    """
    if trial.resume and trial.resume != trial.checkpoint:
        shutil.copytree(trial.resume, trial.checkpoint, dirs_exist_ok=True)
    # Two states, so that a crash while one is written leaves the one before.
    return keras.callbacks.BackupAndRestore(
        str(trial.checkpoint), double_checkpoint=True, delete_checkpoint=False
    )


def make_model(lr: float, width: int) -> Any:
    """Return a network that learns y = sin(x)."""
    layers = [keras.layers.Dense(width, activation="tanh"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input((1,)), *layers])
    model.compile(keras.optimizers.Adam(lr), loss="mse")
    return model


def main() -> None:
    if keras is None:
        raise SystemExit("This recipe needs Keras: pip install keras")
    p = {"lr": 0.01, "width": 32} | trial.params
    keras.utils.set_random_seed(trial.seed)
    x = np.linspace(-3, 3, 256, dtype="float32").reshape(-1, 1)
    make_model(p["lr"], p["width"]).fit(
        x,
        np.sin(x),
        batch_size=64,
        epochs=int(trial.fidelity.get("epochs", 8)),
        validation_data=(x, np.sin(x)),
        callbacks=[ReportEpochs(), backup()],
        verbose=0,
    )


if __name__ == "__main__":
    main()
