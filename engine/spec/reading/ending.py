"""Reading what ends a study before its budget, and who is told: ``stop_when``, ``notify``."""

import re
from collections.abc import Sequence

from hpo_tui.engine.spec.names import show
from hpo_tui.engine.spec.parts import Objective, OutcomeConstraint
from hpo_tui.engine.spec.reading.table import Table
from hpo_tui.engine.spec.values import EXACT

MET = "goals met"
_MET = re.compile(rf"{MET}(?: by (\d{{1,16}})(?: trials?)?)?")


def read_stop_when(
    study: Table, objectives: Sequence[Objective], limits: Sequence[OutcomeConstraint]
) -> int:
    """Read how many trials are to meet all goals before the study ends; 0: that ends it never."""
    text = study.text("stop_when")
    if not isinstance(study.data.get("stop_when"), str):
        return 0
    found = _MET.fullmatch(" ".join(text.split()))
    count = 0 if found is None else int(found[1] or 1)
    if not 0 < count <= EXACT:
        allowed = f'"{MET}" (by one trial) or "{MET} by 3 trials"'
        study.fault("stop_when", f"must be {allowed}, found {show(study.data['stop_when'])}")
        return 0
    if not limits and all(o.threshold is None for o in objectives):
        study.fault(
            "stop_when",
            "there is no goal that could be met: give an [[objective]] a threshold, or the study a"
            " [[constraint]]",
        )
    return count


def show_stop_when(count: int) -> str:
    """Return ``stop_when`` as a study file says it, empty where nothing is said."""
    if count <= 1:
        return MET if count else ""
    return f"{MET} by {count} trials"


_SHELL = ("/bin/sh", "-c")


def read_notify(study: Table) -> tuple[str, ...]:
    """Read the command by which people are told, as words; a text is a line for the shell."""
    given = study.data.get("notify")
    if given is None:
        return ()
    if not isinstance(given, str | list):
        allowed = "text (a line for the shell) or a list of words"
        study.fault("notify", f"must be {allowed}, found {show(given)}")
        return ()
    words = study.texts("notify")
    if not words or not words[0].strip():
        study.fault(
            "notify", "is empty: notify = 'curl -d \"$HPO_MESSAGE\" https://ntfy.sh/my-topic'"
        )
        return ()
    return (*_SHELL, *words) if isinstance(given, str) else words


def show_notify(words: Sequence[str]) -> str | list[str]:
    """Return ``notify`` as a study file says it."""
    return words[2] if tuple(words[:2]) == _SHELL and len(words) == 3 else list(words)
