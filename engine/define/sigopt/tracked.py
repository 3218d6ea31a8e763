"""From a script that SigOpt only hands parameters and tracks to a study of it.

Such a script was run by ``sigopt run`` or ``sigopt optimize``. Its ranges stood in a file; without
that, they are guesses from the values that the script gives its parameters itself.
"""

import dataclasses

from hpo_tui.engine.define.compose import Plan, is_seed, make_plan, make_spec, with_metrics
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.first_run import timed
from hpo_tui.engine.define.options import Found, Option
from hpo_tui.engine.define.printed import Printed
from hpo_tui.engine.define.remarks import remarks
from hpo_tui.engine.define.script import Script, adapted
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


def tracked_draft(script: Script, timeout: float | None) -> Draft:
    """Return a study by the defaults of a script's parameters.

    ``timeout``: seconds that the first run may take; None: the script is not run.
    """
    said, folder = said_in(script.texts), script.folder
    tried: Tried | None = None
    seen, advice = Seen(), list[str]()
    if timeout is not None:
        spec = _spec(make_plan(_found(said.defaults), folder), script)
        tried, seen, advice = look(spec, folder, timeout, known=False)
    defaults = said.defaults | {k: v for k, v in seen.defaults.items() if k not in said.defaults}
    plan = make_plan(_found(defaults), folder)
    printed = _printed(said, seen, tried)
    spec = with_metrics(_spec(plan, script), printed)
    notes = remarks(plan, spec, printed, plain(script.path.name), script.texts)
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


def _spec(plan: Plan, script: Script) -> StudySpec:
    command = adapted(script.words, script.folder, OURS)
    return make_spec(plan, command, script.folder, script.path)


def _printed(said: Said, seen: Seen, tried: Tried | None) -> Printed:
    """Return the metrics that the run has logged, or those that the source names."""
    if seen.logged:
        return Printed({n: float(v) for n, v in seen.logged.items()})
    if tried is not None and tried.code == 0:
        return Printed({})
    return Printed(dict.fromkeys(said.metrics, 0.0), run=False)
