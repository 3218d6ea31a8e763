"""scikit-learn: an estimator trained by ``partial_fit``, reported after each pass over the data."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from hpo_tui import trial


def main() -> None:
    p = {"alpha": 1e-4, "eta0": 0.1, "penalty": "l2"} | trial.params
    x, y = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(x / 16, y, random_state=0)
    model = SGDClassifier(
        alpha=p["alpha"],
        eta0=p["eta0"],
        penalty=p["penalty"],
        learning_rate="invscaling",
        random_state=trial.seed,
    )
    rng = np.random.default_rng(trial.seed)
    for epoch in range(1, int(trial.fidelity.get("epochs", 20)) + 1):
        order = rng.permutation(len(train_x))
        model.partial_fit(train_x[order], train_y[order], classes=np.arange(10))
        trial.report(
            epoch,
            accuracy=model.score(test_x, test_y),
            zero_weights=float(np.mean(model.coef_ == 0)),
        )


if __name__ == "__main__":
    main()
