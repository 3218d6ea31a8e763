"""The data sets, each split once and for all into what trains, what validates and what tests."""

import io
import itertools
import tarfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """``x``: examples (n, …). ``y``: their classes (n,), 0 to c - 1, or numbers to predict."""

    x: Floats
    y: Labels | Floats


@dataclass(frozen=True)
class Data:
    """The test part is seen only when a recommendation is scored."""

    train: Part
    valid: Part
    test: Part

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.train.y.max()) + 1


def split(x: Floats, y: Labels | Floats, train: int, valid: int, test: Part | None = None) -> Data:
    """Return the examples in a fixed random order, cut in two, or in three without ``test``."""
    order = np.random.default_rng(0).permutation(len(y))
    ends = (0, train, train + valid, len(y))
    parts = [Part(x[order[a:b]], y[order[a:b]]) for a, b in itertools.pairwise(ends)]
    return Data(parts[0], parts[1], test or parts[2])


@cache
def digits() -> Data:
    """Return the handwritten digits, 8 by 8 pixels within ±1: 600, 400 and 797 images."""
    from sklearn.datasets import load_digits

    found = load_digits()
    x = (found.images / 8.0 - 1.0).astype(np.float32)
    return split(x, found.target.astype(np.int64), 600, 400)


@cache
def tumours() -> Data:
    """Return the breast cancer measurements, 30 a row: 240, 160 and 169 rows."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return split(found.data.astype(np.float32), found.target.astype(np.int64), 240, 160)


@cache
def tumour_grid() -> Data:
    """Return them standardized, as 5 by 6 "pixels": 200, 150 and 219 rows."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    x = _standard(found.data).reshape(-1, 5, 6)
    return split(x, found.target.astype(np.int64), 200, 150)


@cache
def clusters() -> Data:
    """Return four classes of two clusters each in 20 dimensions, drawn: 600, 400 and 600 points."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        1600, 20, n_informative=8, n_redundant=4, n_classes=4, n_clusters_per_class=2,
        flip_y=0.03, class_sep=1.2, random_state=3,
    )  # fmt: skip
    return split(_standard(x).reshape(-1, 4, 5), y.astype(np.int64), 600, 400)


@cache
def diabetes() -> Data:
    """Return the progression of diabetes by ten measurements: 200, 120 and 122 patients."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes()
    return split(found.data.astype(np.float32), _standard(found.target), 200, 120)


@cache
def friedman() -> Data:
    """Return Friedman's first function (1991) of 12 numbers with noise: 300, 250 and 350 points."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(900, 12, noise=1.0, random_state=5)
    return split(x.astype(np.float32), _standard(y), 300, 250)


def _standard(values: NDArray[np.float64]) -> Floats:
    standard: Floats = ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32)
    return standard


@cache
def spoken(path: Path) -> Data:
    """Return the Free Spoken Digit Dataset as spectrograms, 20 bands by 20 times.

    ``path``: a folder with its ``{digit}_{speaker}_{index}.wav`` somewhere below, or a tar of it.
    Index 0 to 4 is its usual test part; of the others, 900 train and 600 validate.
    Raises SystemExit where there are no such recordings.
    """
    found = [(name.split("_"), _spectrogram(sound)) for name, sound in sorted(_sounds(path))]
    if len(found) < 2000:
        raise SystemExit(
            f"real_trainings.py: --data {path} holds {len(found)} recordings named "
            "DIGIT_SPEAKER_INDEX.wav; give the folder of the Free Spoken Digit Dataset (3000)"
        )
    x = np.stack([spectrogram for _, spectrogram in found])
    y = np.array([int(words[0]) for words, _ in found], dtype=np.int64)
    testing = np.array([int(words[2]) < 5 for words, _ in found])
    x = (x - x[~testing].mean()) / x[~testing].std()
    return split(x[~testing], y[~testing], 900, 600, Part(x[testing], y[testing]))


def _sounds(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("?_*_*.wav"):
            yield file.stem, file.read_bytes()
        return
    with tarfile.open(path) as tar:
        for member in tar:
            inside = tar.extractfile(member) if member.name.endswith(".wav") else None
            if inside is not None:
                yield Path(member.name).stem, inside.read()


def _spectrogram(sound: bytes, bands: int = 20, times: int = 20) -> Floats:
    """Return the log energy in bands that widen with frequency, as ``times`` equal stretches."""
    with wave.open(io.BytesIO(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768.0
    starts = np.linspace(0, max(len(samples) - 256, 0), 3 * times).astype(int)
    frames = np.stack([np.pad(samples[s : s + 256], (0, max(0, 256 + s - len(samples))))
                       for s in starts])  # fmt: skip
    power = np.abs(np.fft.rfft(frames * np.hanning(256))) ** 2
    edges = np.unique(np.geomspace(2, power.shape[1], bands + 1).round().astype(int))
    edges = np.concatenate([np.arange(edges[0] - (bands + 1 - len(edges)), edges[0]), edges])
    energy = np.stack([power[:, a:b].sum(1) for a, b in itertools.pairwise(edges)])
    log: Floats = np.log(energy.reshape(bands, times, 3).mean(2) + 1e-6).astype(np.float32)
    return log
