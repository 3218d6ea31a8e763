"""``hpo-tui review``: what is said of a study, and that what it tells to do can be done."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter

Make = Callable[..., StudyFolder]
Hpo = Callable[..., Any]

TEXT = """\
[study]
name = "NAME"
command = ["true", "{lr}", "--epochs", "{epochs}"]
budget = 30
[space.lr]
type = "float"
low = 0.0
high = 0.5
[space.width]
type = "int"
low = 1
high = 64
[[objective]]
metric = "accuracy"
direction = "maximize"
[[task]]
name = "cheap"
epochs = 2
cost = 0.5
[[task]]
name = "full"
epochs = 8
cost = 1.0
[[start]]
lr = 0.25
width = 8
"""


def trial(number: int, value: float, width: int = 8, **changes: Any) -> Trial:
    """Return a complete full-task trial of a configuration of its own."""
    full = Trial(
        number, number, "full", TrialState.COMPLETE, 1.0, {"lr": number / 100, "width": width},
        {"accuracy": value}, charged=1.0, created=1e9, started=1e9 + number, ended=1e9 + number + 1,
        duration=1.0,
    )  # fmt: skip
    return replace(full, **changes)


def with_curves(folder: StudyFolder, curves: dict[int, list[float]]) -> None:
    """Add reports to a study."""
    from hpo_tui.store.models import Report

    writer = StudyWriter(folder.db)
    writer.add_reports(
        [
            Report(number, step, step, {"accuracy": value})
            for number, values in curves.items()
            for step, value in enumerate(values, start=1)
        ]
    )
    writer.close()


def section(text: str, title: str) -> list[str]:
    """Return the lines below a title."""
    return text.split(f"\n{title}\n")[1].split("\n\n", maxsplit=1)[0].rstrip().splitlines()


@pytest.fixture
def rough(make_study: Make) -> StudyFolder:
    """Wide networks fail; trial 3 is the best and the last gain; curves rise until their end."""
    trials = [
        trial(1, 0.7, params={"lr": 0.25, "width": 8}), trial(2, 0.6), trial(3, 0.8),
        *(trial(n, 0.5 + n / 100) for n in range(4, 11)),
        *(
            trial(n, 0, 50 + n % 5, metrics={}, state=TrialState.FAILED,
                  reason="Ran out of GPU memory: 2 GiB")
            for n in range(11, 17)
        ),
    ]  # fmt: skip
    folder = make_study("rough", trials, text=TEXT, state=StudyState.FINISHED)
    best = {3: 0.8, 1: 0.7, 2: 0.6, 10: 0.6, 9: 0.59}
    with_curves(folder, {n: [v * s / 8 for s in range(1, 9)] for n, v in best.items()})
    return folder


def test_a_study_is_told_in_sentences(rough: StudyFolder, hpo: Hpo) -> None:
    del rough
    text = hpo("review", "rough").out
    assert text.startswith("rough: finished · 16 of 30 spent")
    assert "  16 trials: 16 at full" in section(text, "what happened")
    assert "  6 failed: 6 ran out of GPU memory" in section(text, "what happened")
    found = section(text, "what was found")
    assert found[:2] == ["  best: #3  accuracy 0.8", "  with lr=0.03, width=8"]
    assert found[2] == "  the start: #1  accuracy 0.7"
    assert found[3].startswith(
        "  the last gain, 0.7 → 0.8, came with trial 3, when 3 of 16 full-task units"
    )
    assert found[3].endswith("; 7 full results since brought none")
    known = "\n".join(section(text, "what to know"))
    assert "all 6 trials with width >= 50 failed, none of 10 elsewhere" in known
    assert "in 5 of the 5 best trials accuracy still gains at the end of full: 0.15 in" in known
    assert "    → hpo-tui best rough --command --set epochs=16\n" in text
    following = "\n".join(section(text, "what next"))
    assert "nothing was gained in the last 81% of what was spent" in following
    assert "#3 ran once" in following


def test_an_imported_study_is_not_told_to_run_what_it_has_no_command_for(
    tmp_path: Path, hpo: Hpo
) -> None:
    (tmp_path / "runs.csv").write_text("lr,accuracy\n0.1,0.8\n0.2,0.9\n")
    assert hpo("import", "runs.csv", "--maximize", "accuracy", "--name", "old").code == 0
    following = "\n".join(section(hpo("review", "old").out, "what next"))
    assert f"write both into {tmp_path / '.hpo/old/study.toml'}" in following
    assert "confirm" not in following
    assert "--command" not in following
    ran = hpo("best", "old", "--command")
    assert (ran.code, ran.out) == (1, "")
    assert 'the study has no command: write command = "python train.py …" under [study]' in ran.err


def test_status_says_where_trials_fail(rough: StudyFolder, hpo: Hpo) -> None:
    del rough
    last = hpo("status", "rough").out.splitlines()[-1]
    assert last.startswith("all 6 trials with width >= 50 failed, none of 10 elsewhere: hpo-tui ed")


def test_what_it_tells_to_do_can_be_done(rough: StudyFolder, hpo: Hpo) -> None:
    found = json.loads(hpo("review", "rough", "--json").out)
    commands = [r["do"] for r in found["remarks"] + found["following"]]
    for command in commands:
        if command.startswith("hpo-tui") and ";" not in command:
            ran = hpo(*shlex.split(command)[1:])
            assert ran.code == 0, (command, ran.err)
    assert any("constraints=" in command for command in commands)
    assert 'constraints = ["width < 50"]' in rough.file.read_text("utf-8")
    again = json.loads(hpo("review", "rough", "--json").out)["remarks"][0]
    assert (again["text"][-23:], again["do"]) == ("; they are left out now", "")


def test_a_study_that_goes_well_is_told_to_go_on(make_study: Make, hpo: Hpo) -> None:
    trials = [trial(n, 0.5 + n / 100) for n in range(1, 9)]
    trials += [replace(trial(9, 0.6), configuration=8, repeat=1)]
    folder = make_study("well", trials, text=TEXT, state=StudyState.FINISHED)
    with_curves(folder, {n: [0.2, *[0.5 + n / 100] * 7] for n in (8, 7, 6, 5)})
    text = hpo("review", "well").out
    assert "  best: #8  accuracy 0.59 ±0.014" in text
    assert "    → hpo-tui extend 15 -s well" in text
    assert "% of all gains came with the last fifth of what was spent: more budget may" in text
    for not_so in ("what to know", "failed", "ran once", "promises little", "still gains"):
        assert not_so not in text


@pytest.mark.parametrize(
    ("budget", "half"),
    [('"45s"', "23s"), ('"5m"', "3min"), ('"0.05 gpu-hours"', "0.025"), ('"1 trials"', "1")],
)
def test_half_as_much_again_of_a_small_budget_is_in_its_own_size(
    make_study: Make, hpo: Hpo, budget: str, half: str
) -> None:
    trials = [trial(1, 0.7, task="cheap")]
    text = TEXT.replace("budget = 30", f"budget = {budget}")
    make_study("short", trials, text=text, state=StudyState.FINISHED)
    assert f"    → hpo-tui extend {half} -s short" in hpo("review", "short").out
    assert hpo("extend", half, "-s", "short").code == 0


def test_trials_that_report_at_their_end_alone_are_told_of(make_study: Make, hpo: Hpo) -> None:
    from hpo_tui.store.models import Report

    for name, steps in (("once", [8]), ("each", [2, 4, 6, 8]), ("short", [2])):
        trials = [trial(n, 0.5 + n / 100) for n in range(1, 4)]
        folder = make_study(name, trials, text=TEXT, state=StudyState.FINISHED)
        writer = StudyWriter(folder.db)
        writer.add_reports([Report(t.number, s, s, dict(t.metrics)) for t in trials for s in steps])
        writer.close()
        said = "trials report accuracy at their end alone, such as at step 8, so none" in (
            hpo("review", name).out
        )
        assert said == (name == "once"), name


def test_without_a_full_result_it_says_so(make_study: Make, hpo: Hpo) -> None:
    make_study("short", [trial(1, 0.7, task="cheap")], text=TEXT, state=StudyState.FINISHED)
    text = hpo("review", "short").out
    assert section(text, "what was found") == ["  no trial of the full task has completed"]
    assert "hpo-tui extend" in text
    make_study("none", [], text=TEXT, state=StudyState.NEW)
    assert hpo("review", "none").code == 0


def test_the_list_of_status_has_the_best_of_each(make_study: Make, hpo: Hpo) -> None:
    goal = TEXT.replace('"maximize"', '"maximize"\nthreshold = 0.8')
    for name, text in (("all", TEXT), ("near", goal), ("far", goal)):
        trials = [trial(1, 0.5), trial(2, 0.79996)] if name != "far" else []
        make_study(name, trials, text=text)
    found = dict(line.split(": ", 1) for line in hpo("status").out.splitlines())
    assert found["all"].endswith(" · best #2: accuracy 0.8")
    assert found["near"].endswith(" · nearest #2: accuracy 0.79996")
    assert "#" not in found["far"]


def test_a_start_without_a_full_result_and_a_slow_cheap_task(make_study: Make, hpo: Hpo) -> None:
    cheap = [trial(n, 0.5, task="cheap", duration=0.9) for n in range(1, 7)]
    cheap[0] = replace(cheap[0], params={"lr": 0.25, "width": 8})
    full = [trial(n, 0.5 + n / 100) for n in range(7, 10)]
    make_study("slow", [*cheap, *full], text=TEXT)
    text = hpo("review", "slow").out
    assert "the first full result: #7" in text
    assert "    → hpo-tui promote slow 1 --task full\n" in text
    assert "cheap takes 90%" not in text  # for half of the cost that is little
    make_study("slower", [*cheap, *full], text=TEXT.replace("cost = 0.5", "cost = 0.25"))
    said = "  cheap takes 90% of the time of a full trial, for 25% of its cost\n"
    assert said in hpo("review", "slower").out
    make_study("few", [*cheap[:4], *full], text=TEXT.replace("cost = 0.5", "cost = 0.25"))
    assert said not in hpo("review", "few").out


@pytest.mark.parametrize("choices", [("a", "b"), ("a", "b", "c d")])
def test_a_choice_that_fails_is_left_out_by_what_it_tells(
    make_study: Make, hpo: Hpo, choices: tuple[str, ...]
) -> None:
    space = f'[space.act]\ntype = "categorical"\nchoices = {json.dumps(choices)}\n[[objective]]'
    text = TEXT.replace("[[objective]]", space).split("[[start]]", maxsplit=1)[0]
    trials = [
        trial(n, 0.5, params={"lr": n / 100, "width": 8, "act": choices[n % len(choices)]})
        for n in range(1, 13)
    ]
    failed = {"state": TrialState.FAILED, "metrics": {}, "reason": "exit code 1"}
    trials = [replace(t, **failed) if t.params["act"] == "b" else t for t in trials]
    folder = make_study("choice", trials, text=text, state=StudyState.FINISHED)
    found = json.loads(hpo("review", "choice", "--json").out)["remarks"][0]
    assert 'trials with act == "b" failed, none of' in found["text"]
    assert hpo(*shlex.split(found["do"])[1:]).code == 0
    assert '"b"' not in folder.file.read_text("utf-8")
    after = hpo("status", "choice").out
    assert ("; they are left out now\n" in after) == (
        len(choices) > 2
    )  # else it is searched no more
    assert "constraints" not in after
