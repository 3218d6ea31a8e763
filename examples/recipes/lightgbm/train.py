"""LightGBM: a callback reports every boosting round, and keeps the model to go on from."""

from typing import Any

import numpy as np

from hpo_tui import trial

try:
    import lightgbm
except ImportError:
    lightgbm = None


class ReportRounds:
    """Reports every metric of the validation set, and ends the training when asked to.

    LightGBM calls it before its own callbacks, such as early stopping.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every

    def __call__(self, env: Any) -> None:
        """Report a round; those that the training continues from are counted already."""
        rounds = env.iteration + 1
        trial.report(rounds, **{name: value for _, name, value, _ in env.evaluation_result_list})
        stop = trial.should_stop()
        if stop or rounds % self.every == 0 or rounds == env.end_iteration:
            self.save(env.model)
        if stop:
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    @staticmethod
    def save(model: Any) -> None:
        """Write the model so that a crash half way leaves the one before."""
        new = trial.checkpoint / "new.txt"
        model.save_model(new, num_iteration=-1)
        new.replace(trial.checkpoint / "model.txt")


def main() -> None:
    if lightgbm is None:
        raise SystemExit("This recipe needs LightGBM: pip install lightgbm")
    p = {"learning_rate": 0.1, "num_leaves": 31, "feature_fraction": 1.0} | trial.params
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8))
    y = (np.sin(x[:, 0]) + x[:, 1] * x[:, 2] > 0).astype(int)
    train = lightgbm.Dataset(x[:400], y[:400])
    valid = lightgbm.Dataset(x[400:], y[400:], reference=train)
    rounds = int(trial.fidelity.get("rounds", 60))
    before = lightgbm.Booster(model_file=trial.resume / "model.txt") if trial.resume else None
    done = before.current_iteration() if before else 0
    lightgbm.train(
        {**p, "objective": "binary", "metric": ["binary_logloss", "auc"], "num_threads": 1,
         "verbosity": -1},
        train,
        rounds - done,
        valid_sets=[valid],
        valid_names=["valid"],
        init_model=before,
        callbacks=[ReportRounds()],
    )  # fmt: skip


if __name__ == "__main__":
    main()
