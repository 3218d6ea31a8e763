"""How a trial ended, concluded from its exit, its metrics and its last words. Pure."""

import math
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpo_tui.engine.execution.base import Exit
from hpo_tui.engine.execution.failures import Cause, EndKind, classify_failure, was_killed
from hpo_tui.engine.execution.metrics.discovery import discover
from hpo_tui.engine.execution.metrics.slips import by_likeness, slip_of
from hpo_tui.engine.execution.shim import NOT_NOW
from hpo_tui.engine.execution.transient_errors import PATIENCE
from hpo_tui.engine.misnamed import remedy
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.spec.names import joined, plain
from hpo_tui.store.models import TrialState

MOST_ATTEMPTS = 5
"""Times that a trial is started at most when it ends for no fault of its own."""
_KILLED = (-9, 137)
_LEFT = (
    "it ended before the processes that it had started, which were ended with it: have the command"
    " wait for them (no &, nohup or setsid; sbatch --wait)"
)
_REPORTED = (
    "it wrote to $HPO_REPORTS, so its output was not searched; what counts there is a JSON object a"
    " line with numbers that are not in quotes"
)
_NO_CLIENT = "No module named 'hpo_tui'"
_MOST_NAMES = 12
"""Names of metrics that a sentence lists at most."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a trial.

    ``teaches``: the parameters are to blame. ``alone``: to be tried again with the device to
    itself. A state of WAITING means another attempt.
    """

    state: TrialState
    kind: EndKind
    reason: str
    teaches: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict is reached from. ``expected``: metrics that a result must have.

    ``reported``: it wrote into its report file, so that its output was not searched for metrics.
    ``carried_on``: the trial's own checkpoint, where the attempt carried on from it and has
    reported nothing since. ``unread``: why what it has left could not be read, given up by now.
    ``away``: the study's folder was not there for a while as it ran. ``others``: who else used its
    GPUs, in words. ``had_all``: it had as much GPU memory as any attempt can have. ``absent``:
    places in its folder where metrics are read, with nothing there. ``diverged``: which metric was
    no number in one of its reports, whatever came after it.
    """

    exit: Exit
    stop: Stop | None
    metrics: Mapping[str, float]
    expected: Sequence[str]
    log: str
    lines: Sequence[str]
    attempt: int
    alone: bool = False
    had_all: bool = False
    carried_on: Path | None = None
    reported: bool = False
    unread: str = ""
    away: bool = False
    others: str = ""
    absent: Sequence[str] = ()
    diverged: str = ""


def judge(case: Case) -> Verdict:
    """Return what becomes of the trial."""
    if case.stop is not None and (case.exit.stopped or case.exit.lost or case.exit.code != 0):
        return _stopped(case.stop)
    if case.exit.lost and case.unread:  # what would tell whether it was ever started is unread too
        return _unknown(case)
    if not case.exit.begun:
        return Verdict(TrialState.WAITING, "lost", "its process was never started")
    if case.exit.lost and not case.exit.problem:
        return _again(case, "lost", "its process vanished (did the machine go down?)")
    if case.exit.stopped == "timeout":
        text = f"ran longer than its time limit: stopped after {case.exit.duration:.0f} s"
        return Verdict(TrialState.FAILED, "timeout", text, teaches=True)
    if case.exit.stopped:  # a script that saves itself leaves with 0, and without a result
        return _again(case, "lost", "was asked to end from outside")
    if case.exit.problem:
        return _unstarted(case)
    return _result(case) if case.exit.code == 0 else _broken(case)


def _stopped(stop: Stop) -> Verdict:
    if stop.kind == "prune":
        return Verdict(TrialState.PRUNED, "pruned", stop.text)
    if stop.kind == "nan":
        return Verdict(TrialState.FAILED, "nan", stop.text, teaches=True)
    if stop.kind == "stall":
        return Verdict(TrialState.FAILED, "stall", stop.text)
    if stop.goes_on:
        return Verdict(TrialState.WAITING, "lost", stop.text)
    return Verdict(TrialState.KILLED, "killed", stop.text)


def _unstarted(case: Case) -> Verdict:
    problem = case.exit.problem
    if case.exit.code == NOT_NOW:
        return _again(case, "lost", f"{problem} (close programs, or raise `ulimit -u`)")
    return Verdict(TrialState.FAILED, "command", problem)


def _again(case: Case, kind: EndKind, text: str) -> Verdict:
    if case.attempt < MOST_ATTEMPTS:
        return Verdict(TrialState.WAITING, kind, text)
    return Verdict(TrialState.FAILED, kind, f"{text}, {case.attempt} times: given up")


def _result(case: Case) -> Verdict:
    """Return how a trial has ended whose process ended without an error."""
    if case.diverged:
        return Verdict(TrialState.FAILED, "nan", case.diverged, teaches=True)
    missing = [name for name in case.expected if name not in case.metrics]
    if missing and case.unread:
        return _unknown(case)
    if missing:
        seen = _seen(case, missing)
        text = f"ended without a result: expected {', '.join(missing)}; metrics seen: {seen}"
        if case.absent and not case.reported:
            places = joined([plain(place) for place in case.absent], _MOST_NAMES)
            text = f"{text}; nothing was written to {places} in its folder, where they are read"
        if case.reported:
            text = f"{text}; {_REPORTED}"
        if case.exit.left:
            text = f"{text}; {_LEFT}"
        return Verdict(TrialState.FAILED, "missing", _with_lines(text, case.lines))
    for name in case.expected:
        if not math.isfinite(case.metrics[name]):
            text = f"diverged: {name} is {case.metrics[name]}"
            return Verdict(TrialState.FAILED, "nan", text, teaches=True)
    return Verdict(TrialState.COMPLETE, "ok", "")


def _unknown(case: Case) -> Verdict:
    text = (
        f"its reports could not be read for {PATIENCE:.0f} s ({case.unread}), so its result is"
        " not known. They may still be in its folder; a retry runs it again"
    )
    return Verdict(TrialState.FAILED, "unread", text)


def _seen(case: Case, missing: Sequence[str]) -> str:
    """Return the names of what it reported and of what looks like metrics in its output.

    Those that are most like the ``missing`` ones come first, and what to do about slips last.
    """
    names = by_likeness(missing, dict.fromkeys([*case.metrics, *discover(case.log)]))
    said = joined([plain(name) for name in names], _MOST_NAMES) or "none"
    slips = [(name, slip) for name in missing if (slip := slip_of(name, names)) is not None]
    return "; ".join([said, *(remedy(name, slip) for name, slip in slips)])


def _broken(case: Case) -> Verdict:
    found = classify_failure(case.exit.code, case.log.splitlines())
    if found is not None:
        return _explained(case, found)
    if case.away:
        return _again(case, "lost", "it failed while the study's folder was away")
    if case.diverged:
        return Verdict(TrialState.FAILED, "nan", case.diverged, teaches=True)
    text = f"exit code {case.exit.code}"
    if case.exit.code < 0:
        text = f"ended by {_signal(-case.exit.code)}"
    if any(_NO_CLIENT in line for line in case.lines):
        text = f"{text}: {_no_client()}"
    if case.carried_on is not None:
        text = f"{text}, {_of_checkpoint(case.carried_on)}"
        return Verdict(TrialState.FAILED, "checkpoint", _with_lines(text, case.lines))
    return Verdict(TrialState.FAILED, "crash", _with_lines(text, case.lines))


def _explained(case: Case, found: Cause) -> Verdict:
    if found.kind == "host_oom" and was_killed(case.exit.code, case.log) and not case.exit.oom:
        return _killed(case)
    if found.kind in ("oom", "host_oom"):
        return _out_of_memory(case, found.kind, found.text)
    if found.kind == "device":
        return _again(case, "device", found.text)
    return Verdict(TrialState.FAILED, "nan", found.text, teaches=True)


def _signal(number: int) -> str:
    """Return a signal's name with its number, the number alone of one that has none."""
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def _of_checkpoint(path: Path) -> str:
    """Return what may be wrong where an attempt could not carry on what one before had saved."""
    return (
        "before it had reported anything. It carried on from its own checkpoint,"
        f" {plain(str(path))}: if that is half written, or of an older script, empty it before the"
        " trial is retried"
    )


def _no_client() -> str:
    """Return what to do where the command's Python is another one than ours."""
    return (
        "the Python of the command has no hpo_tui. Install it there, or copy"
        f" {Path(__file__).parents[1] / 'trial.py'} beside the script and write `import trial`"
    )


def _killed(case: Case) -> Verdict:
    """Judge a SIGKILL that is not ours while the kernel counts no want of memory."""
    text = "was killed from outside (SIGKILL): by somebody, or because main memory ran out"
    if case.exit.code not in _KILLED:
        text = f"a process of it {text}"
    if case.attempt < MOST_ATTEMPTS:
        return Verdict(TrialState.WAITING, "lost", text)
    return Verdict(TrialState.FAILED, "host_oom", f"{text}, {case.attempt} times", teaches=True)


def _out_of_memory(case: Case, kind: EndKind, text: str) -> Verdict:
    text = text if text.endswith((".", "…")) else f"{text}."
    if case.others and kind == "oom":
        return replace(_again(case, kind, f"{text} {case.others}"), alone=True)
    if not case.alone and not (case.had_all and kind == "oom"):
        again = f"{text} It is tried again, alone on its device."
        return Verdict(TrialState.WAITING, kind, again, alone=True)
    return Verdict(
        TrialState.FAILED, kind, f"{text} No other trial was on its device.", teaches=True
    )


def _with_lines(text: str, lines: Sequence[str]) -> str:
    return f"{text}; last lines: {' | '.join(lines)}" if lines else f"{text}; it printed nothing"
