"""The three lines: parameters in, reports out, a checkpoint to go on from. Runs by itself, too.

A logistic regression by gradient descent in plain NumPy.
"""

import numpy as np

from hpo_tui import trial  # 1

p = {"lr": 0.1, "decay": 1e-3} | trial.params  # 2
epochs = int(trial.fidelity.get("epochs", 40))

rng = np.random.default_rng(0)
x = rng.normal(size=(400, 10))
y = (x @ rng.normal(size=10) + rng.normal(size=400) > 0).astype(float)
w, done = np.zeros(10), 0
if trial.resume:
    state = np.load(trial.resume / "state.npz")
    w, done = state["w"], int(state["done"])

for epoch in range(done + 1, epochs + 1):
    chance = 1 / (1 + np.exp(-x[:300] @ w))
    w -= p["lr"] * (x[:300].T @ (chance - y[:300]) / 300 + p["decay"] * w)
    accuracy = np.mean((x[300:] @ w > 0) == y[300:])
    trial.report(epoch, accuracy=accuracy, weight_norm=np.linalg.norm(w))  # 3
    if trial.should_stop() or epoch % 10 == 0 or epoch == epochs:
        np.savez(trial.checkpoint / "new.npz", w=w, done=epoch)
        (trial.checkpoint / "new.npz").replace(trial.checkpoint / "state.npz")
    if trial.should_stop():
        break
