"""From a script that SigOpt only hands parameters and tracks to a study of it.

Such a script was run by ``sigopt run`` or ``sigopt optimize``. Its ranges stood in a file; without
that, they are guesses from the values that the script gives its parameters itself.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.adapted import lacking
from hpo_tui.engine.define.compose import is_seed, make_plan, make_spec, with_metrics
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.first_run import faults, timed
from hpo_tui.engine.define.options import Found, Option
from hpo_tui.engine.define.printed import Printed
from hpo_tui.engine.define.remarks import remarks
from hpo_tui.engine.define.saved import left_behind, saved_files
from hpo_tui.engine.define.script import adapted
from hpo_tui.engine.define.sigopt.command import OURS
from hpo_tui.engine.define.sigopt.run import Seen, look
from hpo_tui.engine.define.sigopt.source import Said, said_in
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import StudySpec, Value
from hpo_tui.engine.spec.names import joined, plain
from hpo_tui.engine.spec.text.toml_text import toml_key

_HOW = "the values that it gives sigopt.params"
_NO_METRIC = (
    "the first run logged no metric (sigopt.log_metric): name under [[objective]] the one that"
    " a whole run logs"
)


def tracked_draft(
    words: Sequence[str], script: Path, texts: Sequence[str], folder: Path, timeout: float | None
) -> Draft:
    """Return a study by the defaults of a script's parameters.

    ``timeout``: seconds that the first run may take; None: the script is not run.
    """
    said, command = said_in(texts), adapted(words, folder, OURS)
    tried: Tried | None = None
    seen, advice = Seen(), list[str]()
    spec = _spec(said.defaults, command, folder, script)
    if timeout is not None:
        before = saved_files(folder)
        tried, seen = look(spec, folder, timeout, known=False)
        left = left_behind(folder, before)
        advice = [*faults(tried), *lacking(tried), *([left] if left else [])]
    defaults = said.defaults | {k: v for k, v in seen.defaults.items() if k not in said.defaults}
    plan = make_plan(_found(defaults), folder)
    printed = _printed(said, seen, tried)
    spec = with_metrics(make_spec(plan, command, folder, script), printed)
    notes = remarks(plan, spec, printed, plain(script.name), texts)
    notes[()] += "\nEach trial runs the script as it is; SigOpt's service is not needed."
    if tried is not None and tried.code == 0:
        advice += [] if printed.values else [_NO_METRIC]
        # What it runs by itself is the whole of it.
        spec = timed(spec, dataclasses.replace(tried, task=spec.full_task), notes)
    if lacks := [name for name in said.asked if name not in defaults]:
        tables = ", ".join(f"[space.{toml_key(n)}]" for n in lacks)
        advice.append(
            f"the script asks for {joined([*map(plain, lacks)], 12)}, and no default tells a range:"
            f" write {tables} by hand, or name the experiment's file, hpo-tui init experiment.yml"
        )
    elif not plan.proposals:
        advice.append("no parameter was found: write [space.NAME] tables by hand")
    how = _HOW if plan.proposals else ""
    return Draft.of(spec, notes, how, left=tuple(plan.left), advice=tuple(advice), tried=tried)


def _found(defaults: dict[str, Value]) -> Found:
    """Return parameters as options; a seed is the script's own affair."""
    options = [
        Option.of(name, value, "params" if is_seed(name) else "config")
        for name, value in defaults.items()
    ]
    return Found(tuple(options), _HOW)


def _spec(
    defaults: dict[str, Value], command: Sequence[str], folder: Path, script: Path
) -> StudySpec:
    return make_spec(make_plan(_found(defaults), folder), command, folder, script)


def _printed(said: Said, seen: Seen, tried: Tried | None) -> Printed:
    """Return the metrics that the run has logged, or those that the source names."""
    if seen.logged:
        return Printed({n: float(v) for n, v in seen.logged.items()})
    if tried is not None and tried.code == 0:
        return Printed({})
    return Printed(dict.fromkeys(said.metrics, 0.0), run=False)
