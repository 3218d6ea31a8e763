"""Edits of a study that runs, and wishes: what reaches running trials, what is refused."""

import re
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asking import STDOUT, TASKS, answer, edit

from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.launch import LaunchError, offline, runner_pid, send
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.ask import ask
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


def test_a_metric_added_to_a_running_study_is_found_in_what_was_printed(make_study: Any) -> None:
    study = make_study("""
        print("accuracy=0.5 lat=3.0", flush=True)
        hold()
        """, resources=STDOUT)  # fmt: skip
    study.start()
    study.running(reports=1)
    found = edit(study, "[resources]", '[[constraint]]\nmetric = "lat"\nmax = 5.0\n[resources]')
    assert found.ok, found.answer
    study.go()
    trial = study.ended()
    assert (trial.state, trial.metrics) == (TrialState.COMPLETE, {"accuracy": 0.5, "lat": 3.0})


def test_what_is_only_recorded_is_no_result_and_ends_nothing(make_study: Any) -> None:
    study = make_study("""
        print("accuracy=0.5 val_loss=0.7 lr_now=0.1 grad=nan", flush=True)
        hold()
        """, resources=STDOUT)  # fmt: skip
    study.start()
    study.running(reports=1)
    found = edit(study, "[study]", '[study]\nrecord = ["val_loss", "grad", "never_printed"]')
    assert found.ok, found.answer
    study.go()
    trial = study.ended()
    assert trial.state is TrialState.COMPLETE
    assert trial.metrics == {"accuracy": 0.5, "val_loss": 0.7}


def test_slots_and_the_limit_of_failures_are_edited_while_running(make_study: Any) -> None:
    study = make_study("hold()\nsys.exit(1)", budget=60).started()
    study.running(1)
    assert edit(study, "slots = 1", "slots = 2\nfailures = 2").ok
    study.running(2)
    study.go()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert study.study().reason.startswith("2 trials in a row failed alike")


def test_what_the_budget_does_not_pay_for_is_refused(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=1, tasks=TASKS).started()
    study.running(1)
    found = answer(study, "enqueue", params={"x": 0.5}, task="dear")
    assert not found.ok
    assert "budget" in found.answer
    study.go()
    study.gone()
    assert len(study.trials()) == 1


def test_a_file_edited_by_hand_is_taken_over_at_the_next_run(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)", budget=2).run()
    file: Path = study.folder.file
    file.write_text(file.read_text().replace("budget = 2", "budget = 4"))
    with pytest.raises(LaunchError, match="edited by hand"):
        send(study.folder, "extend", {"amount": 1})
    study.run()
    assert len(study.trials()) == 4
    assert "budget" in study.events("edited")[-1].text
    file.write_text(file.read_text().replace('"maximize"', '"minimize"'))
    with pytest.raises(LaunchError, match="cannot be applied"):
        study.start()
    file.write_text("[study\n")
    with pytest.raises(LaunchError, match="has errors"):
        study.start()


def test_a_study_that_runs_takes_over_its_file_when_it_is_told_to_go_on(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=1).started()
    study.running(1)
    file: Path = study.folder.file
    mine = file.read_text().replace("budget = 1", "budget = 2 # mine")
    file.write_text(mine)
    found = answer(study, "resume")
    assert found.ok
    assert found.answer == "the study runs already; edited by hand: study.budget: 1 → 2"
    assert study.study().text == file.read_text() == mine
    assert answer(study, "resume").answer == "the study runs already"
    study.go()
    study.gone()
    assert len(study.trials()) == 2


def test_who_has_seen_an_edit_by_hand_may_write_over_it(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3).started()
    study.running(1)
    file: Path = study.folder.file
    mine = file.read_text() + "# mine\n"
    file.write_text(mine)
    more = mine.replace("budget = 3", "budget = 4")
    found = answer(study, "edit", text=more, base=study.study().text, file="what it said before")
    assert not found.ok
    assert "edited by hand" in found.answer
    found = answer(study, "edit", text=more, base=study.study().text, file=mine)
    assert found.ok
    assert study.study().text == file.read_text() == more


def test_an_edit_that_is_no_text_is_neither_passed_over_nor_written_over(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)")
    file: Path = study.folder.file
    mine = b"# caf\xe9\n" + file.read_bytes().replace(b"budget = 1", b"budget = 2")
    file.write_bytes(mine)
    with pytest.raises(LaunchError, match="edited by hand"):
        send(study.folder, "extend", {"amount": 1})
    with pytest.raises(LaunchError, match=r"study\.toml:1: is not UTF-8 text"):
        study.start()
    assert file.read_bytes() == mine


def test_what_a_study_paused_on_can_be_mended_in_its_file(make_study: Any) -> None:
    study = make_study("sys.exit(1)", budget=2, slots=1).started()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    file: Path = study.folder.file
    broken = file.read_text()
    file.write_text(broken.replace('"maximize"', '"minimize"'))
    found = answer(study, "resume")
    assert not found.ok
    assert "cannot be applied" in found.answer
    assert study.study().state is StudyState.PAUSED
    (study.folder.workplace / "mended.py").write_text(
        "import json, os\n"
        "open(os.environ['HPO_REPORTS'], 'a').write(json.dumps({'accuracy': 1.0}) + '\\n')\n"
    )
    command = re.search(r"command = .*", broken)
    assert command is not None
    mended = broken.replace(command.group(), f'command = ["{sys.executable}", "mended.py"]')
    file.write_text(mended)
    found = answer(study, "resume")
    assert found.ok
    assert "edited by hand: " in found.answer
    study.gone()
    assert study.study().state is StudyState.FINISHED
    assert study.study().text == file.read_text() == mended


def test_an_edit_that_adds_no_budget_leaves_a_study_finished(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)", budget=1).run()
    text = study.study().text
    offline.apply(study.folder, "edit", {"text": "# done\n" + text})
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, "")
    less, spent = study.study().text, study.study().text.replace("budget = 1", "budget = 3")
    with closing(StudyWriter(study.folder.db)) as writer:
        writer.update_study(text=spent)
    study.folder.file.write_text(spent)
    offline.apply(study.folder, "edit", {"text": less})
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, "")
    more = study.study().text.replace("budget = 1", "budget = 2")
    offline.apply(study.folder, "edit", {"text": more})
    assert study.study().state is StudyState.PAUSED
    with closing(StudyWriter(study.folder.db)) as writer:
        writer.update_study(state=str(StudyState.FINISHED), reason="goals met by trial 1")
    offline.apply(study.folder, "edit", {"text": "# on\n" + more})
    assert study.study().state is StudyState.PAUSED  # the goals may be others


def test_a_file_edited_by_hand_is_not_written_over(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3).started()
    study.running(1)
    file: Path = study.folder.file
    mine = file.read_text() + "# mine\n"
    file.write_text(mine)
    found = answer(study, "extend", amount=1)
    assert not found.ok
    assert "edited by hand" in found.answer
    assert file.read_text() == mine


def test_a_file_that_cannot_be_written_refuses_the_wish_and_the_runner_lives(
    make_study: Any,
) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3).started()
    study.running(1)
    study.folder.file.unlink()
    (study.folder.file / "in the way").mkdir(parents=True)
    found = answer(study, "extend", amount=1)
    assert not found.ok
    assert "is a folder" in found.answer
    assert study.study().text.count("budget = 3")
    assert runner_pid(study.folder)


def test_a_parameter_added_with_a_default_is_given_to_older_configurations(
    make_study: Any,
) -> None:
    study = make_study(
        """
        hold()
        report(accuracy=float(given["params"].get("z", 99)))
        """,
        budget=9, slots=2, tasks=TASKS,
    )  # fmt: skip
    study.start()
    study.running(1)
    added = '[space.z]\ntype = "int"\nlow = 1\nhigh = 5\ndefault = 2\n[[objective]]'
    assert answer(study, "pause").ok
    study.go()
    study.ended(1)
    assert edit(study, "[[objective]]", added).ok
    assert answer(study, "resume").ok
    again = answer(study, "enqueue", params={"x": 0.125}, task="dear")
    assert again.ok, again.answer
    trial = study.ended(int(again.answer.split()[1]))
    assert trial.metrics == {"accuracy": 2.0}
    assert trial.params["z"] == 2


def test_a_wish_is_answered_in_the_transaction_that_grants_it(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3)
    writer = StudyWriter(study.folder.db)
    with StudyReader(study.folder.db) as reader:
        spec = StudySpec.from_text(reader.study().text)
    desk = Desk(study.folder, spec, writer, None, SimpleNamespace(init={}), {})  # type: ignore[arg-type]
    commands = Commands(desk, Breaker(5))
    ask(study.folder.db, "extend", {"amount": 5})

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    commands.desk.writer.answer_command = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        commands.obey()
    assert "budget = 3" in study.study().text
    writer.close()
