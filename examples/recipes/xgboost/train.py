"""XGBoost: a callback reports after every boosting round, and keeps the model to go on from."""

# ruff: noqa: ARG002 - the arguments of callbacks are given by the framework
from typing import Any

import numpy as np

from hpo_tui import trial

try:
    import xgboost
    from xgboost.callback import TrainingCallback
except ImportError:
    xgboost, TrainingCallback = None, object


class ReportRounds(TrainingCallback):
    """Reports the last value of every metric of the validation set, and stops when asked to."""

    def __init__(self, every: int = 10) -> None:
        super().__init__()
        self.every = every

    def after_iteration(self, model: Any, epoch: int, evals_log: dict) -> bool:
        """Return True to end the training, as XGBoost wants it.

        ``epoch`` counts from the start of this training; the model knows all of its rounds.
        """
        rounds = model.num_boosted_rounds()
        trial.report(rounds, **{name: values[-1] for name, values in evals_log["valid"].items()})
        stop = trial.should_stop()
        if stop or rounds % self.every == 0:
            self.save(model)
        return stop

    def after_training(self, model: Any) -> Any:
        """Keep the final model."""
        self.save(model)
        return model

    @staticmethod
    def save(model: Any) -> None:
        """Write the model so that a crash half way leaves the one before."""
        new = trial.checkpoint / "new.ubj"
        model.save_model(new)
        new.replace(trial.checkpoint / "model.ubj")


def main() -> None:
    if xgboost is None:
        raise SystemExit("This recipe needs XGBoost: pip install xgboost")
    p = {"eta": 0.3, "max_depth": 6, "subsample": 1.0} | trial.params
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8))
    y = (np.sin(x[:, 0]) + x[:, 1] * x[:, 2] > 0).astype(int)
    train, valid = xgboost.DMatrix(x[:400], y[:400]), xgboost.DMatrix(x[400:], y[400:])
    rounds = int(trial.fidelity.get("rounds", 60))
    before = xgboost.Booster(model_file=trial.resume / "model.ubj") if trial.resume else None
    done = before.num_boosted_rounds() if before else 0
    xgboost.train(
        {**p, "objective": "binary:logistic", "eval_metric": ["logloss", "error"], "nthread": 1},
        train,
        rounds - done,
        evals=[(valid, "valid")],
        xgb_model=before,
        callbacks=[ReportRounds()],
        verbose_eval=False,
    )


if __name__ == "__main__":
    main()
