"""YAHPO Gym surrogates (Pfisterer et al., AutoML 2022): neural networks run by onnxruntime."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np


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


def surrogate_function(
    folder: Path, entry: Mapping[str, Any]
) -> Callable[[Mapping[str, Any], float], dict[str, float]]:
    """Return the function of one instance of the surrogate in ``folder``.

    ``entry`` is the problem's entry in ``problems.json``. The network is loaded at the first call.
    """
    inputs, metrics = entry["inputs"], [o["metric"] for o in entry["objectives"]]
    columns = [inputs["outputs"].index(m) for m in metrics]
    codes = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))
    fixed = entry["fixed"]

    def evaluate(params: Mapping[str, Any], fidelity: float) -> dict[str, float]:
        values = {**fixed, **params, inputs["fidelity"]: fidelity}
        words = [[codes[n][str(values.get(n, "#na#"))] for n in inputs["categorical"]]]
        numbers = [[float(values.get(n, 0.0)) for n in inputs["continuous"]]]
        session = _session(folder / "model.onnx")
        names = [i.name for i in session.get_inputs()]
        feed = {names[0]: np.array(words, np.int32), names[1]: np.array(numbers, np.float32)}
        row = session.run(None, feed)[0][0]
        return {m: float(row[c]) for m, c in zip(metrics, columns, strict=True)}

    return evaluate
