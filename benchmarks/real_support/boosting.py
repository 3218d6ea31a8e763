"""Gradient boosting of scikit-learn, in rounds; a dearer task begins anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from real_support.data import Data, Part


class Boosting:
    """``HistGradientBoostingClassifier`` on the share ``subsample`` of the rows, by the seed."""

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
