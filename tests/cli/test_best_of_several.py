"""The best of several studies beside one another, and what is taken from the best alone."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_tui.store.folder import StudyFolder
from tests.cli.conftest import TEXT, some_trials

MakeStudy = Callable[..., StudyFolder]
Call = Callable[..., Any]
SECOND = '[[objective]]\nmetric = "weights"\ndirection = "minimize"\nthreshold = 1000\n\n'
ONE = TEXT.replace(SECOND, "").replace("threshold = 0.9", "threshold = 0.8")
"""With one objective, several trials are among the best."""
STRICT = TEXT.replace("threshold = 0.9", "threshold = 0.999")


def test_three_studies_are_compared_in_one_table(make_study: MakeStudy, hpo: Call) -> None:
    make_study("a")
    make_study("strict", text=STRICT)
    deep = [replace(t, params={"lr": 0.5, "depth": 3}) for t in some_trials()]
    other = TEXT.replace("space.momentum", "space.depth").replace(
        'when = { optimizer = ["sgd"] }\n', ""
    )
    make_study("new", [], text=other)
    make_study("deep", deep, text=other)

    head, *rows = hpo("best", "deep", "a", "strict", "new").out.splitlines()

    # The goals of accuracy differ, so it stands for itself; a parameter may be of one study alone.
    assert head.split() == [
        "study", "spent", "trials", "#", "accuracy", "weights", "≤1000", "latency", "≤8",
        "lr", "optimizer", "depth", "momentum",
    ]  # fmt: skip
    first, second, third, none, mark = [row.split() for row in rows]
    (best,) = json.loads(hpo("best", "a", "--json", "-n", 1).out)
    assert second[0] == "a"
    assert second[3] == str(best["trial"])
    assert float(second[4]) == best["metrics"]["accuracy"]
    assert second[5:7] == ["800", "5"]
    assert first[-2:] == ["3", "-"]
    assert third[:1] == ["strict"]
    assert "!" in third, "the nearest is shown where no trial is best"
    assert " ".join(mark) == "! the goal is missed"
    assert none == ["new", "0", "0", *"-" * 8]


def test_several_studies_for_a_paper_and_for_a_script(make_study: MakeStudy, hpo: Call) -> None:
    make_study("a", text=ONE)
    make_study("b", text=ONE)
    lines = hpo("best", "a", "b", "a", "--markdown", "-n", 2).out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| a", "| a", "| b", "| b"]
    assert hpo("best", "a", "b", "--latex").out.count(r" \\") == 3
    found = json.loads(hpo("best", "a", "b", "--json").out)
    assert [entry["study"] for entry in found] == ["a", "b"]
    alone = json.loads(hpo("best", "b", "--json").out)
    assert found[1] == {"study": "b", **alone[0]}


def test_what_is_for_one_study_refuses_several(make_study: MakeStudy, hpo: Call) -> None:
    make_study("a")
    make_study("b")
    ran = hpo("best", "a", "b", "--checkpoint")
    assert (ran.code, ran.out) == (2, "")
    assert "--checkpoint is for one study: name one of a, b" in ran.err


def test_the_checkpoint_of_the_best(make_study: MakeStudy, hpo: Call) -> None:
    folder = make_study("a")
    best = json.loads(hpo("best", "a", "--json").out)[0]["trial"]
    ran = hpo("best", "a", "--checkpoint")
    assert (ran.code, ran.out) == (1, "")
    assert f"trial {best} left no checkpoint: its script saves nothing to {{checkpoint}}" in ran.err
    (folder.trial(best).path / "weights").mkdir(parents=True)
    where = folder.trial(best).path.absolute()
    assert f"it left weights in {where}\n" in hpo("best", "a", "--checkpoint").err
    saving = ONE.replace('"train.py"', '"train.py", "{trial_dir}"')
    other = make_study("b", text=saving)
    (other.trial(best).path / "weights").mkdir(parents=True)
    said = "; --checkpoint prints what the command has the script save to {checkpoint}\n"
    assert hpo("best", "b", "--checkpoint").err.endswith(said)
    place = folder.trial(best).checkpoint
    place.mkdir(parents=True)
    (place / "model.pt").write_text("weights")
    assert hpo("best", "a", "--checkpoint").out == f"{place.absolute()}\n"


def test_the_best_alone_are_exported(make_study: MakeStudy, hpo: Call, tmp_path: Path) -> None:
    make_study("a", text=ONE)
    best = [entry["trial"] for entry in json.loads(hpo("best", "a", "--json", "-n", 2).out)]
    rows = list(csv.DictReader(hpo("export", "a", "--csv", "--best", 2).out.splitlines()))
    assert [int(row["trial"]) for row in rows] == best
    assert len(best) == 2
    lines = hpo("export", "a", "--json", "--best", 1).out.splitlines()
    assert [json.loads(line)["trial"] for line in lines] == best[:1]
    assert hpo("export", "a", "--optuna", "x.db", "--best", 1).code == 2
    assert not (tmp_path / "x.db").exists()


def test_the_curves_of_the_best_begin_where_they_began(make_study: MakeStudy, hpo: Call) -> None:
    make_study("a")
    every = [json.loads(line) for line in hpo("export", "a", "--reports").out.splitlines()]
    best = json.loads(hpo("best", "a", "--json", "-n", 1).out)[0]["trial"]
    lines = hpo("export", "a", "--reports", "--best", 1).out.splitlines()
    chain = [best - 8, best]  # each full trial continues the cheap one that is eight before it
    assert [json.loads(line) for line in lines] == [
        report for number in chain for report in every if report["trial"] == number
    ]
    assert lines


def test_nothing_is_exported_where_no_trial_is_best(
    make_study: MakeStudy, hpo: Call, tmp_path: Path
) -> None:
    make_study("strict", text=STRICT)
    ran = hpo("export", "strict", "--csv", "--best", 3, "-o", "best.csv")
    assert ran.code == 1
    assert "no full-task trial meets all goals (hpo-tui best shows the nearest)" in ran.err
    assert not (tmp_path / "best.csv").exists()
