"""Editing a study that runs: its space, its goals, its means."""

from hpo_tui.engine.learning import kept_names, learn_fault
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.starting import collect_anew
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.errors import SpecError
from hpo_tui.engine.spec.files import write_atomic
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.store.read import StudyReader


def apply_edit(desk: Desk, text: str) -> tuple[str, str]:
    """Take over an edited study file; return (what changed, why it was refused): one is empty."""
    try:
        new = StudySpec.from_text(text, desk.folder.file)
    except SpecError as error:
        return "", str(error)
    plan = plan_edit(desk.spec, new, list(desk.trials.values()))
    if not plan.allowed:
        return "", "; ".join(p.show() for p in plan.refused)
    with StudyReader(desk.folder.db) as reader:
        fault = learn_fault(new, desk.folder.workplace, kept_names(reader))
    if fault:
        return "", fault
    desk.writer.declare((p.name for p in new.space), new.metric_names)
    desk.writer.update_study(text=text)
    write_atomic(desk.folder.file, text)
    desk.event("edited", "; ".join(c.text for c in plan.changes) or "the study file was edited")
    added = set(new.metric_names) - set(desk.spec.metric_names)
    desk.spec = new
    desk.meter.spec = new
    later = desk.executor.adapt(new.resources)
    desk.proposals.init |= {"text": text, "workers": max(1, desk.executor.capacity())}
    desk.proposals.stale = True
    collect_anew(desk, added)
    changes = [c.text for c in plan.changes] or ["nothing that matters has changed"]
    return "; ".join([*changes, later] if later else changes), ""
