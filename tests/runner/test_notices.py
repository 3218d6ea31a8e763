"""People are told of a study's end once, whoever is killed, and nothing waits for it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from asking import answer, edit

from hpo_tui.engine.launch import create_study, runner_pid
from hpo_tui.engine.notify import KEY, _Tail, deliver, deliver_overdue, environment, inform, tell
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.notices import Notices, failed
from hpo_tui.engine.runner.vigil import mourn
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

LINE = 'printf "%s;%s;%s;%s\\n" "$HPO_NAME" "$HPO_EVENT" "$HPO_REASON" "$HPO_BEST" >> told.txt'
TELLS = f"notify = '{LINE}'"


def told(study: Any) -> list[str]:
    path = study.folder.workplace / "told.txt"
    return path.read_text().splitlines() if path.exists() else []


def outcomes(study: Any) -> list[str]:
    return [e.text for e in study.events("notify")]


def quiet(study: Any) -> None:
    """Wait until no notice is left, and nobody who delivers one."""
    mark = os.fsencode(str(study.folder.path.absolute()))

    def busy() -> bool:
        with StudyReader(study.folder.db) as reader:
            left = reader.keys_beginning(KEY)
        lines = (p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists())
        return bool(left) or any(b"engine.notify" in line and mark in line for line in lines)

    study.until(lambda: not _fails(busy))


def _fails(busy: Any) -> bool:
    try:
        return bool(busy())
    except OSError:  # a process has ended at this moment
        return True


def test_an_end_is_told_with_its_reason_and_the_best(make_study: Any) -> None:
    study = make_study("report(accuracy=given['trial'] / 4)", budget=2, study=TELLS).run()
    quiet(study)
    assert told(study) == ["t;finished;the budget is spent;trial 2, accuracy = 0.5"]
    assert outcomes(study) == ["notified of 'finished'"]


def test_another_run_of_a_file_is_told_by_its_own_name(make_study: Any) -> None:
    first = make_study("report(accuracy=1)", study=TELLS)
    text = first.folder.file.read_text("utf-8")
    again = create_study(text, first.folder.path.parent, "second run")
    inform(again, "stopped", "by you")
    assert told(first) == ["second run;stopped;by you;"]


def test_it_comes_as_a_sentence_on_standard_input_too(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", study='notify = ["tee", "told.txt"]').run()
    quiet(study)
    assert told(study) == ["t: finished (the budget is spent). Best: trial 1, accuracy = 1"]


def test_a_pause_is_told_unless_it_was_asked_for(make_study: Any) -> None:
    study = make_study(
        "if given['trial'] == 1: hold()\nsys.exit(3)", budget=9, study=TELLS,
        resources="failures = 2",
    )  # fmt: skip
    study.start()
    study.running(1)
    assert answer(study, "pause").ok
    assert answer(study, "resume").ok
    study.go()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    study.until(lambda: outcomes(study))
    (line,) = told(study)
    assert line.startswith("t;paused;2 trials in a row")
    assert answer(study, "stop").ok
    study.gone()
    quiet(study)
    assert [x.split(";")[1:3] for x in told(study)[1:]] == [["stopped", "stopped by you"]]


def test_a_command_that_fails_is_an_event_and_no_error_of_the_study(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", study="notify = 'echo no line >&2; exit 7'").run()
    quiet(study)
    said = "the notification of 'finished' failed: exit code 7; last lines: no line"
    assert outcomes(study) == [said]
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, "")


def test_nothing_waits_for_it(make_study: Any) -> None:
    study = make_study(
        "if given['trial'] < 3: sys.exit(3)\nreport(accuracy=1)", budget=9,
        study="notify = 'touch called; exec sleep 600'", resources="failures = 2",
    )  # fmt: skip
    study.start()
    study.until((study.folder.workplace / "called").exists)
    assert answer(study, "resume").ok
    assert study.ended(3).metrics == {"accuracy": 1}
    assert outcomes(study) == []


def test_what_takes_too_long_is_ended(make_study: Any) -> None:
    study = make_study("", study="notify = 'echo calling; sleep 600 & sleep 600'")
    spec = StudySpec.load(study.folder.file)
    variables = environment(spec, study.folder.path, "finished", "", "")
    said = tell(spec, study.folder.workplace, variables, patience=0.5)
    assert said == "it was ended after 0.5 s; last lines: calling"
    study.until(lambda: not study.processes())


def test_what_a_command_leaves_running_is_ended_and_its_flood_is_not_kept(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = "head -c 30000000 /dev/zero | tr '\\\\0' x; echo; echo the end; sleep 600 & exit 3"
    study = make_study("", study=f'notify = "{flood}"')
    spec = StudySpec.load(study.folder.file)
    sizes = list[int]()

    class Kept(_Tail):
        def last_lines(self) -> str:
            said = super().last_lines()
            sizes.append(len(self._kept))
            return said

    monkeypatch.setattr("hpo_tui.engine.notify._Tail", Kept)
    monkeypatch.setattr("hpo_tui.engine.notify._LAST_WORDS", 0.1)
    variables = environment(spec, study.folder.path, "finished", "", "")
    said = tell(spec, study.folder.workplace, variables, patience=3)
    assert said.startswith("exit code 3; last lines: x")
    assert said.endswith("x | the end")
    assert sizes == [2000]
    study.until(lambda: not study.processes())


def test_what_cannot_be_started_is_told() -> None:
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4, "notify": ["./not-there"]},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    variables = environment(spec, Path("x"), "paused", "two\nlines \x1b[2J\0", "")
    assert variables["HPO_REASON"] == "two | lines \\x1b[2J\\x00"
    assert tell(spec, Path.cwd(), variables).startswith("it cannot be started: No such file")


def test_an_end_is_told_once_whenever_the_runner_is_killed(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", budget=4, slots=2, study=TELLS)
    pause = 0.8
    while study.study().state is not StudyState.FINISHED or runner_pid(study.folder):
        if runner_pid(study.folder) is None:
            study.start()
        deadline = time.monotonic() + pause
        pause *= 1.5
        while runner_pid(study.folder) and time.monotonic() < deadline:
            time.sleep(0.005)
        if pid := runner_pid(study.folder):
            os.kill(pid, signal.SIGKILL)
            study.gone()
    deliver_overdue(study.folder)
    quiet(study)
    assert [x.split(";")[1] for x in told(study)] == ["finished"]
    study.start()  # it finds nothing to do: the same end
    study.gone()
    quiet(study)
    assert len(told(study)) == 1


def test_what_a_killed_runner_wrote_down_is_told_by_the_next_and_by_one_of_two(
    make_study: Any,
) -> None:
    study = make_study("report(accuracy=1)", study=TELLS)
    writer = StudyWriter(study.folder.db)
    dead = Notices(study.folder, writer)
    with writer.transaction():
        dead.note(StudyState.STOPPED, "stopped by you", [1, 1])
    with suppress(RuntimeError), writer.transaction():
        dead.note(StudyState.PAUSED, "a pause that was never stored", [])
        raise RuntimeError
    heir = Notices(study.folder, writer)
    heir.collect()
    with StudyReader(study.folder.db) as reader:
        (key,) = reader.keys_beginning(KEY)
    other = deliver(study.folder, key)
    heir.close(lambda: False)
    assert other.wait(30) == 0
    quiet(study)
    assert [x.split(";")[1] for x in told(study)] == ["stopped"]
    assert outcomes(study) == ["notified of 'stopped'"]
    with writer.transaction():
        heir.note(StudyState.STOPPED, "stopped by you", [1, 1])
    with StudyReader(study.folder.db) as reader:
        assert reader.keys_beginning(KEY) == []
    writer.close()


def test_people_are_told_of_each_pause_once(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", study=TELLS)
    writer = StudyWriter(study.folder.db)
    spec, nobody = StudySpec.from_text(study.study().text), cast(Any, None)
    desk = Desk(study.folder, spec, writer, nobody, nobody, {})
    for reason in ("no disk", "no disk", "no room"):
        desk.set_state(StudyState.PAUSED, reason)
    desk.set_state(StudyState.RUNNING)
    desk.set_state(StudyState.PAUSED, "no room")
    with StudyReader(study.folder.db) as reader:
        told = [reader.get(key) for key in reader.keys_beginning(KEY)]
    writer.close()
    assert told == [["paused", r] for r in ("no disk", "no room", "no room")]


def test_a_runner_that_fails_tells_of_it(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", study=TELLS)
    failed(study.folder, OSError("no more files"))
    study.until(lambda: told(study))
    quiet(study)
    (line,) = told(study)
    assert line.startswith("t;failed;its runner failed: no more files; runner.log has")


def test_a_command_that_was_taken_out_is_not_run(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1)", study=TELLS).started()
    study.running(1)
    assert edit(study, TELLS, "").ok
    study.go()
    study.gone()
    quiet(study)
    assert told(study) == []


def vigils(study: Any) -> list[int]:
    """Return the processes that wait for the end of a runner of the study."""
    mark, found = os.fsencode(str(study.folder.path.absolute())), []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = line.read_bytes().split(b"\0")
            if b"hpo_tui.engine.runner.vigil" in words and mark in words:
                found.append(int(line.parent.name))
    return found


def _catches_sigterm(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_runner_that_is_killed_is_told_of_once(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)\nhold()", study=TELLS)
    pid = study.start()
    study.running(1)
    study.until(lambda: len(vigils(study)) == 1)
    study.kill_runner()
    study.until(lambda: told(study))
    study.until(lambda: not vigils(study))
    (line,) = told(study)
    why = f"its runner (process {pid}) was killed or has crashed; trial 1 runs on. Start it again"
    assert line.startswith(f"t;failed;{why} with `hpo-tui run {study.folder.path}`")
    assert outcomes(study) == ["notified of 'failed'"]


def test_a_killed_runner_that_was_replaced_is_no_news(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)\nhold()", study=TELLS).started()
    study.running(1)
    before = study.until(lambda: vigils(study))
    study.kill_runner()
    study.start()
    study.until(lambda: not set(before) & set(vigils(study)))
    assert told(study) == []
    study.go()
    study.gone()
    study.until(lambda: not vigils(study))
    quiet(study)
    assert [x.split(";")[1] for x in told(study)] == ["finished"]


def test_nobody_waits_for_a_runner_that_has_left_or_has_nobody_to_tell(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1)", study=TELLS)
    runner = study.start()
    study.until(lambda: vigils(study))
    os.kill(runner, signal.SIGINT)
    study.gone()
    study.until(lambda: not vigils(study))
    assert told(study) == []
    silent = make_study(
        "hold()\nreport(accuracy=1)", home=study.folder.path.parents[1] / "b" / HOME
    )
    silent.start()
    silent.running(1)
    assert vigils(silent) == []


def test_a_runner_that_is_told_to_end_with_all_of_its_session_is_told_of(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)\nhold()", study=TELLS)
    pid = study.start()
    study.running(1)
    (vigil,) = study.until(lambda: [pid for pid in vigils(study) if _catches_sigterm(pid)])
    os.kill(vigil, signal.SIGTERM)
    os.kill(pid, signal.SIGTERM)
    study.gone()
    study.until(lambda: not vigils(study))
    (line,) = told(study)
    assert line.startswith(f"t;interrupted;its runner (process {pid}) was told to end (SIGTERM")
    again = f"Start it again with `hpo-tui run {study.folder.path}`"
    assert f"trial 1 runs on. {again}" in line
    assert outcomes(study) == ["notified of 'interrupted'"]


def test_a_paused_study_is_not_interrupted(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)\nhold()", study=TELLS)
    pid = study.start()
    study.running(1)
    study.until(lambda: vigils(study))
    answer(study, "pause")
    os.kill(pid, signal.SIGTERM)
    study.gone()
    study.until(lambda: not vigils(study))
    assert told(study) == []


def test_what_a_killed_runner_had_to_tell_is_told_for_it(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", study=TELLS)
    writer = StudyWriter(study.folder.db)
    with writer.transaction():
        Notices(study.folder, writer).note(StudyState.FINISHED, "", [1, 1])
        writer.update_study(state=str(StudyState.FINISHED))
    writer.close()
    mourn(study.folder, "123")
    study.until(lambda: told(study))
    quiet(study)
    assert [x.split(";")[1] for x in told(study)] == ["finished"]


def test_the_process_that_tells_is_light(tmp_path: Path) -> None:
    code = "import sys, hpo_tui.engine.notify as n; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert not {"torch", "optuna", "textual", "numpy"} & set(done.stdout.split())


def test_the_process_that_waits_has_loaded_next_to_nothing(tmp_path: Path) -> None:
    code = "import sys, hpo_tui.engine.runner.vigil; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    ours = {name for name in done.stdout.split() if name.startswith("hpo_tui")}
    own = ("hpo_tui", "hpo_tui.engine", "hpo_tui.engine.runner", "hpo_tui.engine.runner.vigil")
    assert ours == set(own)
    assert "sqlite3" not in done.stdout.split()
