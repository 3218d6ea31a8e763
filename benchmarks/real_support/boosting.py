"""Gradient boosting of scikit-learn, in rounds."""

import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from real_support.data import Data, Part


class Boosting:
    """``HistGradientBoostingClassifier`` on the share ``subsample`` of the rows, by the seed.

    A dearer task begins anew.
    """

    def __init__(self, data: Data, params: Mapping[str, Any], seed: int) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier

        self.data, self.step = data, 0
        rows = len(data.train.y)
        drawn = np.random.default_rng(seed).permutation(rows)
        self._rows = drawn[: round(params["subsample"] * rows)]
        own = {name: value for name, value in params.items() if name != "subsample"}
        self._model = HistGradientBoostingClassifier(
            **own, early_stopping=False, warm_start=True, random_state=seed
        )

    def run(self, until: int, whole: int) -> None:
        """Add trees up to round ``until``; how many rounds there are in all makes no difference."""
        del whole
        self._model.max_iter = until
        self._model.fit(self.data.train.x[self._rows], self.data.train.y[self._rows])
        self.step = until

    def score(self, part: Part) -> dict[str, float]:
        """Return the log loss and the share of errors."""
        chances = self._model.predict_proba(part.x)
        right = chances[np.arange(len(part.y)), part.y]
        loss = float(-np.log(np.maximum(right, 1e-12)).mean())
        return {"loss": loss, "error": float((chances.argmax(1) != part.y).mean())}

    def save(self, path: Path) -> None:
        """Write nothing: no trial goes on from another."""

    def load(self, path: Path) -> None:
        """Raise, as there is nothing to go on from."""
        raise FileNotFoundError(path)


class Regression:
    """``GradientBoostingRegressor``; a dearer task adds trees to those of the cheaper one."""

    def __init__(self, data: Data, params: Mapping[str, Any], seed: int) -> None:
        from sklearn.ensemble import GradientBoostingRegressor

        self.data, self.step = data, 0
        self._model = GradientBoostingRegressor(**params, warm_start=True, random_state=seed)

    def run(self, until: int, whole: int) -> None:
        """Add trees up to round ``until``; how many rounds there are in all makes no difference."""
        del whole
        self._model.n_estimators = until
        self._model.fit(self.data.train.x, self.data.train.y)
        self.step = until

    def score(self, part: Part) -> dict[str, float]:
        """Return the mean squared error, not a number where it has grown beyond all measure."""
        with np.errstate(all="ignore"):  # a rate above 1 can diverge
            loss = float(np.mean((self._model.predict(part.x) - part.y) ** 2))
        return {"loss": loss if loss < 1e6 else math.nan}

    def save(self, path: Path) -> None:
        """Write the trees."""
        path.write_bytes(pickle.dumps((self._model, self.step)))

    def load(self, path: Path) -> None:
        """Go on from the trees of the same configuration."""
        self._model, self.step = pickle.loads(path.read_bytes())
