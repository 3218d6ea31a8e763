"""A metric that the script reports under another name is told of early, and can be put right."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from acting import live
from asking import STDOUT, edit

from hpo_tui.engine.execution.metrics.slips import by_likeness, slip_of
from hpo_tui.engine.misnamed import KEY, misnamed
from hpo_tui.engine.notify import KEY as NOTICE
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.misnamed import MisnamedMetrics
from hpo_tui.engine.spec import Direction, MetricSource, Objective
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader


@pytest.mark.parametrize(
    ("expected", "names", "slip"),
    [
        ("eval/loss", ["loss", "eval_loss"], "eval_loss"),
        ("val_loss", ["train_loss", "loss", "eval_loss"], "eval_loss"),
        ("eval_loss", ["loss", "train_loss", "eval_ppl"], None),
        ("accuracy", ["acc", "acuracy"], "acuracy"),
        ("loss", ["loss"], None),
        ("accuracy", ["loss", "acc"], "acc"),
        ("val_loss", ["train_loss", "validation/loss"], "validation/loss"),
        ("val_acc", ["accuracy", "v_accuracy"], None),
        ("accuracy", [], None),
    ],
)
def test_only_what_is_much_alike_is_taken_for_a_slip(
    expected: str, names: list[str], slip: str | None
) -> None:
    assert slip_of(expected, names) == slip


def test_the_names_most_like_what_was_expected_come_first() -> None:
    names = ["lr", "seed", "dropout", "eval_ppl", "eval_loss"]
    assert by_likeness(["eval/loss"], names)[:2] == ["eval_loss", "eval_ppl"]


def advice(desk: Desk) -> list[str]:
    with StudyReader(desk.folder.db) as reader:
        return [e.text for e in reader.events() if e.kind == "advice"]


def printing(desk: Desk, place: Path, text: str) -> Path:
    """Have trial 1 run, which prints ``text`` and is to report ``accuracy``; return its log."""
    goal = Objective("accuracy", Direction.MAXIMIZE)
    desk.spec = replace(desk.spec, objectives=(goal,))
    log = live(desk, place).launch.folder.log
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)
    return log


def test_it_is_told_while_the_trial_runs_and_once(desk: Desk, tmp_path: Path) -> None:
    log = printing(desk, tmp_path, "acuracy=0.5\nloss=2\nloss=1\n")
    watching = MisnamedMetrics(desk)
    watching.look()
    assert advice(desk) == [], "once may be a line about the settings"
    with log.open("a") as file:
        file.write("acuracy=0.6\n")
    watching.look()
    watching.look()
    assert advice(desk) == [
        "trial 1 reports acuracy, but no accuracy, and will have no result without it: if"
        ' "acuracy" is meant, write rename = { "acuracy" = "accuracy" } under [[metrics]]'
        " in the study's file"
    ]


def test_what_was_heard_once_needs_no_look(desk: Desk, tmp_path: Path) -> None:
    printing(desk, tmp_path, "acuracy=0.5\n" * 3)
    desk.trials[1] = replace(desk.trials[1], metrics={"accuracy": 0.5})
    MisnamedMetrics(desk).look()
    assert advice(desk) == []


def test_people_are_told_once_and_it_is_kept_until_it_is_heard_or_edited(
    desk: Desk, tmp_path: Path
) -> None:
    log = printing(desk, tmp_path, "acuracy=0.5\n" * 3)
    desk.spec = replace(desk.spec, notify=("true",))
    MisnamedMetrics(desk).look()
    MisnamedMetrics(desk).look()  # of another runner
    with StudyReader(desk.folder.db) as reader:
        notices = [reader.get(key) for key in reader.keys_beginning(NOTICE)]
        assert [one.short for one in misnamed(reader, desk.spec, reader.frame())] == [
            "no accuracy, but acuracy"
        ]
    assert notices == [["advice", advice(desk)[0]]]
    for done in ({"metrics": {"accuracy": 0.5}}, {"metrics": {}}):
        desk.trials[1] = replace(desk.trials[1], **done)
        MisnamedMetrics(desk).look()
        assert bool(desk.kept(KEY)) == (not done["metrics"])
    watching = MisnamedMetrics(desk)
    watching.look()
    log.write_text("")
    desk.spec = replace(desk.spec, metrics=(MetricSource(kind="stdout", rename={"a": "b"}),))
    watching.look()
    assert not desk.kept(KEY)


def test_a_running_trial_is_saved_by_an_edit(make_study: Any) -> None:
    study = make_study(
        'print("epoch=1 acuracy=0.5", flush=True)\nhold()', tasks=STDOUT, prelude=True
    )
    study.start()
    study.until(lambda: "acuracy" in _printed(study))
    right = f'{STDOUT}rename = {{ "acuracy" = "accuracy" }}\n'
    assert edit(study, STDOUT, right).ok
    (study.folder.workplace / "go").touch()
    study.gone()
    assert study.trial(1).state is TrialState.COMPLETE
    assert study.trial(1).metrics == {"accuracy": 0.5}


def _printed(study: Any) -> str:
    log: Path = study.folder.trial(1).log
    return log.read_text() if log.exists() else ""


def test_the_reason_says_what_to_write(make_study: Any) -> None:
    study = make_study('print("acuracy=0.5")', tasks=STDOUT).started()
    study.ended(1)
    reason = study.trial(1).reason
    assert 'metrics seen: acuracy; if "acuracy" is meant, write rename' in reason
