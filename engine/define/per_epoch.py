"""How a framework prints each epoch, where a first run has printed its metrics once or never."""

import re
from collections.abc import Collection, Sequence

from hpo_tui.engine.define.printed import Printed, of_what_best
from hpo_tui.engine.define.try_one import Tried, found_in, held_out_alone
from hpo_tui.engine.spec import StudySpec

_HOW = {
    r"pytorch_lightning|lightning": (
        "Lightning prints each epoch with Trainer(callbacks=[TQDMProgressBar()]), which is in"
        " {module}.callbacks, and shows there what is logged with prog_bar=True"
    ),
    r"keras|tensorflow": "Keras prints each epoch with model.fit(…, verbose=2)",
    r"xgboost": "XGBoost prints each round with verbose_eval=True (fit: verbose=True)",
    r"lightgbm": "LightGBM prints each round with callbacks=[lightgbm.log_evaluation(1)]",
    r"transformers": 'transformers prints each epoch with eval_strategy="epoch"',
}
"""Modules whose import tells a framework → what lets it print; docs/integrate.md has more."""


_LONGEST = 500
"""Characters of a line that is looked at."""


def best_of(names: Collection[str], lines: Sequence[str]) -> frozenset[str]:
    """Return the names of which the best is printed in the end, where trials read each epoch's.

    ``train Loss: 0.6 Acc: 0.7``, ``val Loss: 0.3 Acc: 0.9``, and at last ``Best val Acc: 0.95``:
    the best alone makes no learning curve. Nothing where a test is printed under the same name.
    """
    bare = set(map(of_what_best, names))
    short = [line for line in lines if len(line) <= _LONGEST]
    tested = [line.lower() for line in short if re.match(r"\s*test", line, re.IGNORECASE)]
    return frozenset(
        name
        for name in names
        if name.lower() in bare
        and not any(name.lower() in line for line in tested)
        and held_out_alone(name, short)
    )


def how_to_print(texts: Sequence[str]) -> str:
    """Return what lets the framework of a script print each epoch; nothing where it has none."""
    for modules, how in _HOW.items():
        found = re.search(rf"^\s*(?:import|from)\s+({modules})\b", "\n".join(texts), re.MULTILINE)
        if found:
            package = "lightning.pytorch" if found[1] == "lightning" else found[1]
            return how.format(module=package)
    return ""


def printed_once(spec: StudySpec, tried: Tried, printed: Printed, texts: Sequence[str]) -> str:
    """Say what a study misses whose script printed one result of several epochs, and what helps.

    Nothing where no framework is known to have printed less than it can: scripts that train in one
    go have no more to tell.
    """
    metric, how = spec.objectives[0].metric, how_to_print(texts)
    epochs = [v for v in tried.task.fidelity.values() if isinstance(v, int | float)]
    told = printed.run and printed.values.get(metric) is not None and not printed.sources[0].path
    if not how or not told or tried.code != 0 or max(epochs, default=1) < 2:
        return ""
    # A script that uses the client may have reported more than it has printed.
    shown = {step for step, values in found_in(spec, tried.lines) if metric in values}
    if len(shown) > 1 or (not shown and len(tried.seen.get(metric, ())) > 1):
        return ""
    return (
        f"{metric} was printed once, at the end: trials would have no learning curve, and none that"
        f" falls behind would be stopped early. {how}"
    )
