"""YAHPO Gym surrogates (Pfisterer et al., AutoML 2022): neural networks run by onnxruntime."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=8)
def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise SystemExit(
            "search.py: the surrogate problems need onnxruntime (pip install onnxruntime), "
            "or choose others with --problems"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


Rows = Callable[[Sequence[Mapping[str, Any]], float], NDArray[np.float64]]
"""Configurations and a fidelity → the objectives' values, (n, m)."""


def surrogate_rows(folder: Path, entry: Mapping[str, Any]) -> Rows:
    """Return the function of one instance of the surrogate in ``folder``, for many at once.

    ``entry`` is the problem's entry in ``problems.json``. The network is loaded at the first call.
    """
    inputs, metrics = entry["inputs"], [o["metric"] for o in entry["objectives"]]
    columns = [inputs["outputs"].index(m) for m in metrics]
    codes = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))
    fixed = entry["fixed"]

    def evaluate(many: Sequence[Mapping[str, Any]], fidelity: float) -> NDArray[np.float64]:
        rows = [{**fixed, **params, inputs["fidelity"]: fidelity} for params in many]
        words = [[codes[n][str(v.get(n, "#na#"))] for n in inputs["categorical"]] for v in rows]
        numbers = [[float(v.get(n, 0.0)) for n in inputs["continuous"]] for v in rows]
        session = _session(folder / "model.onnx")
        names = [i.name for i in session.get_inputs()]
        feed = {names[0]: np.array(words, np.int32), names[1]: np.array(numbers, np.float32)}
        return np.asarray(session.run(None, feed)[0][:, columns], dtype=np.float64)

    return evaluate


def surrogate_function(
    folder: Path, entry: Mapping[str, Any]
) -> Callable[[Mapping[str, Any], float], dict[str, float]]:
    """Return the function of one instance, a configuration at a time."""
    rows, metrics = surrogate_rows(folder, entry), [o["metric"] for o in entry["objectives"]]

    def evaluate(params: Mapping[str, Any], fidelity: float) -> dict[str, float]:
        return dict(zip(metrics, rows([params], fidelity)[0].tolist(), strict=True))

    return evaluate
