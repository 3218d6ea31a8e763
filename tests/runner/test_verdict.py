"""What is concluded from how a trial ended, and how it is said: no process is needed for that."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.base import Exit
from hpo_tui.engine.execution.breaker import Breaker, Failure
from hpo_tui.engine.execution.protocol import last_words
from hpo_tui.engine.execution.shim import NOT_NOW
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.runner.verdict import MOST_ATTEMPTS, Case, judge
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.startable import command_fault
from hpo_tui.store.models import TrialState

RANK = "traceback : Signal 9 (SIGKILL) received by PID 1138"
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


def case(
    code: int = 0,
    *,
    stop: Any = None,
    metrics: Any = None,
    log: Any = "",
    attempt: Any = 1,
    alone: Any = False,
    had_all: bool = False,
    others: str = "",
    diverged: str = "",
    **end: Any,
) -> Any:
    return Case(
        Exit(code, 1.0, 0.0, **end), stop, {"accuracy": 0.5} if metrics is None else metrics,
        ("accuracy",), log, log.splitlines()[-5:], attempt, alone, had_all,
        others=others, diverged=diverged,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "state", "kind", "teaches"),
    [
        (case(), TrialState.COMPLETE, "ok", False),
        (case(1), TrialState.FAILED, "crash", False),
        (case(-11), TrialState.FAILED, "crash", False),
        (case(metrics={"loss": 1.0}), TrialState.FAILED, "missing", False),
        (case(metrics={"accuracy": float("nan")}), TrialState.FAILED, "nan", True),
        (case(diverged="diverged"), TrialState.FAILED, "nan", True),
        (case(1, diverged="diverged"), TrialState.FAILED, "nan", True),
        (case(1, log=OOM, diverged="diverged"), TrialState.WAITING, "oom", False),
        (case(1, log=OOM), TrialState.WAITING, "oom", False),
        (case(1, log=OOM, alone=True), TrialState.FAILED, "oom", True),
        (case(1, log=OOM, had_all=True), TrialState.FAILED, "oom", True),
        (
            case(1, log=OOM, had_all=True, others="GPU0 is used by x"),
            TrialState.WAITING,
            "oom",
            False,
        ),
        (
            case(1, log=OOM, alone=True, others="GPU0 is used by x"),
            TrialState.WAITING,
            "oom",
            False,
        ),
        (
            case(1, log=OOM, attempt=MOST_ATTEMPTS, others="GPU0 is used by x"),
            TrialState.FAILED,
            "oom",
            False,
        ),
        (case(-9, oom=True), TrialState.WAITING, "host_oom", False),
        (case(-9, oom=True, had_all=True), TrialState.WAITING, "host_oom", False),
        (case(-9, oom=True, alone=True), TrialState.FAILED, "host_oom", True),
        (case(-9), TrialState.WAITING, "lost", False),
        (case(1, log=RANK), TrialState.WAITING, "lost", False),
        (case(1, log=RANK, oom=True), TrialState.WAITING, "host_oom", False),
        (case(-9, attempt=MOST_ATTEMPTS), TrialState.FAILED, "host_oom", True),
        (case(-9, lost=True), TrialState.WAITING, "lost", False),
        (case(-9, lost=True, attempt=MOST_ATTEMPTS - 1), TrialState.WAITING, "lost", False),
        (case(-9, lost=True, attempt=MOST_ATTEMPTS), TrialState.FAILED, "lost", False),
        (case(-9, lost=True, begun=False, attempt=99), TrialState.WAITING, "lost", False),
        (case(-15, stopped="timeout"), TrialState.FAILED, "timeout", True),
        (case(-15, stopped="asked"), TrialState.WAITING, "lost", False),
        (case(127, problem="cannot start x"), TrialState.FAILED, "command", False),
        (case(NOT_NOW, problem="cannot start x"), TrialState.WAITING, "lost", False),
        (case(NOT_NOW, problem="x", attempt=MOST_ATTEMPTS), TrialState.FAILED, "lost", False),
        (case(-15, stop=Stop("prune", "no hope"), stopped="asked"), TrialState.PRUNED, "pruned", 0),
        (case(-15, stop=Stop("kill", "by you"), stopped="asked"), TrialState.KILLED, "killed", 0),
        (case(-15, stop=Stop("nan", "x"), stopped="asked"), TrialState.FAILED, "nan", True),
        (case(-15, stop=Stop("stall", "x"), stopped="asked"), TrialState.FAILED, "stall", False),
        (case(-15, stop=Stop("lend", "x"), stopped="asked"), TrialState.WAITING, "lost", False),
        (case(0, stop=Stop("prune", "too late")), TrialState.COMPLETE, "ok", False),
        (case(0, stop=Stop("kill", "by you"), lost=True), TrialState.KILLED, "killed", 0),
        (case(1, stop=Stop("kill", "by you")), TrialState.KILLED, "killed", 0),
        (case(1, log="ValueError: loss is nan"), TrialState.FAILED, "nan", True),
        (
            case(1, log="CUDA error: all CUDA-capable devices are busy"),
            TrialState.WAITING,
            "device",
            0,
        ),
    ],
)
def test_the_end_of_a_trial_is_judged(what: Any, state: Any, kind: str, teaches: Any) -> None:
    verdict = judge(what)
    assert (verdict.state, verdict.kind, verdict.teaches) == (state, kind, bool(teaches))


def test_the_reason_says_what_ended_a_trial() -> None:
    assert judge(case(-11)).reason == "ended by SIGSEGV (signal 11); it printed nothing"
    assert judge(case(3, log="a\nb")).reason == "exit code 3; last lines: a | b"
    assert judge(case(-9)).reason.startswith("was killed from outside (SIGKILL)")
    assert judge(case(1, log=RANK)).reason.startswith("a process of it was killed from outside")
    own = judge(replace(case(metrics={}), reported=True)).reason
    assert "numbers that are not in quotes; it printed" in own
    assert "$HPO_REPORTS" not in judge(case(metrics={})).reason
    left = judge(case(metrics={}, left=2)).reason
    assert "it ended before the processes that it had started" in left
    assert "before the processes" not in judge(case(metrics={})).reason
    again = judge(case(1, log=f"{OOM}."))
    assert again.alone
    assert "GiB. It is tried again, alone on its device." in again.reason


def test_a_crash_on_what_was_saved_names_it_and_blames_no_parameters() -> None:
    verdict = judge(replace(case(1, log="KeyError: 'epoch'"), carried_on=Path("/s/checkpoint")))
    assert (verdict.kind, verdict.teaches) == ("checkpoint", False)
    assert "its own checkpoint, /s/checkpoint: if that is half written" in verdict.reason


def test_what_was_raised_is_said_where_a_launcher_has_the_last_word() -> None:
    log = """[rank1]: Traceback (most recent call last):
[rank1]:   File "train.py", line 11, in <module>
[rank1]: RuntimeError: boom
Traceback (most recent call last):
  File "torchrun", line 8, in <module>
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
====
train.py FAILED
----
  exitcode  : 1 (pid: 11399)
====
"""
    found = last_words(log, 3)
    assert found[0] == "RuntimeError: boom"
    assert found[-3:] == ["----", "exitcode  : 1 (pid: 11399)", "===="]
    plain = "Traceback (most recent call last):\n  File 'a'\nKeyError: 'lr'\n"
    assert last_words(plain, 3) == [line.strip() for line in plain.splitlines()]


def test_a_python_without_the_client_is_told_where_it_is() -> None:
    reason = judge(case(1, log="ModuleNotFoundError: No module named 'hpo_tui'")).reason
    assert Path(reason.partition("copy ")[2].partition(" beside")[0]).is_file()


def test_hostile_last_words_are_plain_text_in_the_message() -> None:
    breaker = Breaker(1)
    assert breaker.failed(Failure(1, "crash", 1, {"a\x1b[31m": "\x1b]0;x\x07"}, ["\x1b[2Jboo"]))
    assert "\x1b" not in breaker.message("t")


@pytest.mark.parametrize("program", [["bash", "-lc"], [sys.executable, "-c"]])
def test_a_word_that_is_a_program_s_text_is_taken_for_no_script(
    tmp_path: Path, program: list[str]
) -> None:
    text = "true && python train.py" if program[0] == "bash" else "import train.py"
    spec = StudySpec.from_dict({
        "study": {"name": "t", "command": [*program, text], "budget": 1},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "accuracy", "direction": "maximize"}],
    })  # fmt: skip
    assert command_fault(spec, tmp_path) is None


def test_names_in_the_output_that_nobody_asked_for_are_named() -> None:
    log = "step 1 loss=0.5\nepoch 3 size=12 accuracy=0.25\n"
    wanted = Case(Exit(0, 1.0, 0.0), None, {}, ("top1",), log, log.splitlines(), 1)
    reason = judge(wanted).reason
    assert "expected top1; metrics seen: loss, size, accuracy; last lines" in reason
    many = "".join(f"name_{n}=1\n" for n in range(40))
    assert "name_11 and 28 more;" in judge(case(metrics={}, log=many)).reason


def test_what_was_not_written_where_metrics_are_read_is_named() -> None:
    wanted = Case(Exit(0, 1.0, 0.0), None, {}, ("acc",), "", [], 1, absent=["wandb", "a.csv"])
    reason = judge(wanted).reason
    assert "none; nothing was written to wandb, a.csv in its folder, where they are read" in reason


def test_the_breaker_says_in_what_the_failures_are_alike() -> None:
    reason = judge(case(metrics={}, log="top1=1\n")).reason
    breaker = Breaker(1)
    assert breaker.failed(Failure(1, "missing", 0, {"lr": 0.5}, ["acc=1"], reason))
    said = "a trial failed (ended without a result: expected accuracy; metrics seen: top1), so"
    assert breaker.message("t").startswith(said)
    assert 'rename = { "name in the output" = "the metric" }' in breaker.message("t")
    assert breaker.failed(Failure(2, "missing", 0, {"lr": 0.5}, ["acc=1"]))
    assert "(no result; its last lines name acc, exit code 0)" in breaker.message("t")
    assert breaker.failed(Failure(3, "crash", 2, {}, []))
    assert "(crash, exit code 2)" in breaker.message("t")
    again = "then resume the study; `hpo-tui retry 3 -s t` runs that trial again"
    assert again in breaker.message("t")


def test_the_breaker_says_where_a_module_is_missing() -> None:
    breaker = Breaker(1)
    lines = ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'keras'"]
    assert breaker.failed(Failure(4, "crash", 1, {}, lines))
    assert "does not find keras: install it there, or name the Python" in breaker.message("t")
    assert breaker.failed(Failure(5, "crash", 1, {}, [*lines, "bye"]))
    assert "Mend the script" in breaker.message("t")


def test_the_breaker_counts_alike_failures_alone() -> None:
    breaker = Breaker(3)
    one = Failure(1, "crash", 1, {}, ["Error at 0x7f12: line 3"])
    two = Failure(2, "crash", 1, {}, ["Error at 0x8000: line 99"])
    other = Failure(3, "crash", 2, {}, ["Another"])
    assert [breaker.failed(f) for f in (one, two, other, one, two)] == [False] * 5
    assert breaker.failed(one)
    breaker.succeeded()
    assert not breaker.failed(one)
    assert not Breaker(0).failed(one)


def test_what_parameters_can_cause_trips_the_breaker_later_whatever_was_printed() -> None:
    breaker = Breaker(2)
    for trial in range(1, 20):
        assert not breaker.failed(Failure(trial, "oom", trial, {}, [f"layer{'x' * trial}"]))
    assert not breaker.failed(Failure(20, "crash", 1, {}, []))
    assert breaker.failed(Failure(21, "crash", 1, {}, []))
    breaker = Breaker(2)
    assert [breaker.failed(Failure(n, "nan", 1, {}, [])) for n in range(20)] == [False] * 19 + [
        True
    ]


def test_the_breaker_remembers_what_it_tripped_at_until_something_succeeds() -> None:
    breaker = Breaker(1)
    crash = Failure(1, "crash", 1, {}, ["first", "Error 7"])
    assert breaker.failed(crash)
    assert breaker.tripped == crash.signature == ("crash", 1, "Error #")
    assert crash.signature != Failure(2, "crash", 1, {}, []).signature
    breaker.succeeded()
    assert breaker.tripped is None
    patient = Breaker(2)
    assert not patient.failed(crash)
    assert patient.tripped is None


def test_two_trials_without_a_result_are_enough_where_nobody_has_one() -> None:
    breaker = Breaker(5)
    said = {n: ["no result", f"this is {name}"] for n, name in enumerate(("sgd", "adam", "lion"))}
    lost = [Failure(n, "missing", 0, {}, lines, "", ("accuracy",)) for n, lines in said.items()]
    assert [breaker.failed(lost[0]), breaker.failed(lost[1])] == [False, True]
    assert breaker.tripped == lost[2].signature
    assert breaker.message("t").startswith("no trial has ever reported accuracy: 2 trials in a row")
    once = Breaker(5)
    assert not any(once.failed(replace(one, unreported=())) for one in lost)
    assert [Breaker(0).failed(one) for one in lost] == [False] * 3
    assert Breaker(1).failed(lost[0])
