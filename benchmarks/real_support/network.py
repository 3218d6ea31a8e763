"""A small network in numpy: stochastic gradient descent on images, epoch by epoch, resumable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from real_support.data import Data, Part

Array = NDArray[np.float32]


class Network:
    """Two hidden layers, Nesterov momentum, one cycle of the learning rate over the training.

    ``params``: lr, momentum, weight_decay, batch_size, width1, width2, and of dropout, shift (the
    share of batches that are moved by up to a pixel), label_smoothing and warmup those there are.
    """

    def __init__(self, data: Data, params: Mapping[str, Any], seed: int) -> None:
        self.data, self._p, self.step = data, params, 0
        self._rng = np.random.default_rng(seed)
        inputs = int(np.prod(data.train.x.shape[1:]))
        self._sizes = (inputs, params["width1"], params["width2"], data.classes)
        self._theta = np.zeros(sum((a + 1) * b for a, b in self._pairs()), dtype=np.float32)
        self._velocity, self._slope = np.zeros_like(self._theta), np.zeros_like(self._theta)
        self._layers, self._slopes = self._views(self._theta), self._views(self._slope)
        for weights, _ in self._layers:
            spread = np.sqrt(2.0 / weights.shape[0])
            weights[:] = self._rng.standard_normal(weights.shape, dtype=np.float32) * spread
        edge = float(data.train.x.min())
        self._padded = np.pad(data.train.x, ((0, 0), (1, 1), (1, 1)), constant_values=edge)
        smoothing = params.get("label_smoothing", 0.0)
        self._targets = np.full((len(data.train.y), data.classes), smoothing / data.classes)
        self._targets[np.arange(len(data.train.y)), data.train.y] += 1.0 - smoothing
        self._targets = self._targets.astype(np.float32)

    def _pairs(self) -> list[tuple[int, int]]:
        return list(zip(self._sizes[:-1], self._sizes[1:], strict=True))

    def _views(self, flat: Array) -> list[tuple[Array, Array]]:
        out, at = [], 0
        for a, b in self._pairs():
            out.append((flat[at : at + a * b].reshape(a, b), flat[at + a * b : at + (a + 1) * b]))
            at += (a + 1) * b
        return out

    def run(self, until: int, whole: int) -> None:
        """Train up to the end of epoch ``until``, as a part of a training of ``whole`` epochs."""
        size, count = self._p["batch_size"], len(self.data.train.y)
        with np.errstate(all="ignore"):  # a training that diverges ends as not a number
            while self.step < until:
                order = self._rng.permutation(count)
                for start in range(0, count, size):
                    progress = (self.step + start / count) / whole
                    self._gradient(order[start : start + size])
                    self._move(self._rate(progress))
                self.step += 1

    def _rate(self, progress: float) -> float:
        """Return the learning rate: up along a cosine, then down to nothing."""
        warmup, peak = self._p.get("warmup", 0.1), float(self._p["lr"])
        if progress < warmup:
            return float(peak * (0.04 + 0.48 * (1 - np.cos(np.pi * progress / warmup))))
        return float(peak * 0.5 * (1 + np.cos(np.pi * (progress - warmup) / (1 - warmup))))

    def _gradient(self, batch: NDArray[np.int64]) -> None:
        """Leave the gradient of the loss on a batch in ``_slope``."""
        down, right = 1, 1
        if self._rng.random() < self._p.get("shift", 0.0):
            down, right = self._rng.integers(0, 3, 2)
        height, width = self.data.train.x.shape[1:]
        x = self._padded[batch, down : down + height, right : right + width]
        inputs, masks = [x.reshape(len(batch), -1)], []
        keep = 1.0 - self._p.get("dropout", 0.0)
        for weights, bias in self._layers[:-1]:
            hidden = inputs[-1] @ weights + bias
            mask = (hidden > 0) * np.float32(1 / keep)
            if keep < 1:
                mask *= self._rng.random(hidden.shape, dtype=np.float32) < keep
            inputs.append(hidden * mask)
            masks.append(mask)
        weights, bias = self._layers[-1]
        error = (_softmax(inputs[-1] @ weights + bias) - self._targets[batch]) / len(batch)
        for i in range(len(self._layers) - 1, -1, -1):
            np.matmul(inputs[i].T, error, out=self._slopes[i][0])
            error.sum(0, out=self._slopes[i][1])
            if i:
                error = (error @ self._layers[i][0].T) * masks[i - 1]

    def _move(self, rate: float) -> None:
        """Change the weights by one step along what the gradient says."""
        slope, momentum = self._slope, np.float32(self._p["momentum"])
        slope += np.float32(self._p["weight_decay"]) * self._theta
        self._velocity *= momentum
        self._velocity += slope
        self._theta -= np.float32(rate) * (slope + momentum * self._velocity)

    def score(self, part: Part) -> dict[str, float]:
        """Return log loss, share of errors and the multiplications that one image takes."""
        with np.errstate(all="ignore"):
            hidden = part.x.reshape(len(part.y), -1)
            for weights, bias in self._layers[:-1]:
                hidden = np.maximum(hidden @ weights + bias, 0)
            chances = _softmax(hidden @ self._layers[-1][0] + self._layers[-1][1])
            right = chances[np.arange(len(part.y)), part.y].astype(float)
            # Not a number where the training has diverged, and then so is the share of errors.
            loss = float(-np.log(np.maximum(right, 1e-12)).mean())
        wrong = float((chances.argmax(1) != part.y).mean()) + 0.0 * loss
        return {"loss": loss, "error": wrong, "multiplications": float(self.multiplications)}

    @property
    def multiplications(self) -> int:
        """How many multiplications one image takes."""
        return sum(a * b for a, b in self._pairs())

    def save(self, path: Path) -> None:
        """Write a checkpoint: weights, momentum and epochs."""
        with path.open("wb") as file:
            np.savez(file, theta=self._theta, velocity=self._velocity, step=self.step)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same configuration."""
        with np.load(path) as state:
            self._theta[:], self._velocity[:] = state["theta"], state["velocity"]
            self.step = int(state["step"])


class ConstantRate(Network):
    """The same without a schedule: the rate rises in the first twentieth of the training."""

    def _rate(self, progress: float) -> float:
        return float(self._p["lr"]) * min(1.0, 0.05 + 19.0 * progress)


class Adam(Network):
    """The same by AdamW (Loshchilov & Hutter 2019) at a tenth of the rate.

    ``momentum`` is its β₁; β₂ is 0.99.
    """

    _BETA2 = 0.99

    def __init__(self, data: Data, params: Mapping[str, Any], seed: int) -> None:
        super().__init__(data, params, seed)
        self._squares, self._moves = np.zeros_like(self._theta), 0

    def _move(self, rate: float) -> None:
        beta1, decay = self._p["momentum"], np.float32(self._p["weight_decay"])
        self._moves += 1
        self._velocity += np.float32(1 - beta1) * (self._slope - self._velocity)
        self._squares += np.float32(1 - self._BETA2) * (self._slope**2 - self._squares)
        mean = self._velocity / np.float32(1 - beta1**self._moves)
        spread = np.sqrt(self._squares / np.float32(1 - self._BETA2**self._moves))
        self._theta -= np.float32(0.1 * rate) * (mean / (spread + 1e-8) + decay * self._theta)

    def save(self, path: Path) -> None:
        """Write a checkpoint, the means of squares too."""
        with path.open("wb") as file:
            np.savez(
                file, theta=self._theta, velocity=self._velocity, step=self.step,
                squares=self._squares, moves=self._moves,
            )  # fmt: skip

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same configuration."""
        super().load(path)
        with np.load(path) as state:
            self._squares[:], self._moves = state["squares"], int(state["moves"])


def _softmax(z: Array) -> Array:
    powers: Array = np.exp(z - z.max(1, keepdims=True))
    powers /= powers.sum(1, keepdims=True)
    return powers
