"""Everywhere a study is named by its folder, its file or its name."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import create_study
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.tui.cli import screens


@pytest.mark.parametrize(
    "named",
    ["sparse", ".hpo/sparse", ".hpo/sparse/study.toml", ".hpo/sparse/study.db", "study.toml"],
)
def test_by_name_folder_or_file(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    tmp_path: Path,
    study_text: str,
    named: str,
) -> None:
    make_study()
    make_study("other")
    (tmp_path / "study.toml").write_text(study_text.replace("NAME", "sparse"), "utf-8")
    assert json.loads(hpo("status", named, "--json").out)["study"] == "sparse"


def test_in_a_folder_above_the_folders_with_studies_are_named(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    above = tmp_path / "above"
    (above / "my work").mkdir(parents=True)
    (above / "empty" / HOME).mkdir(parents=True)
    monkeypatch.chdir(above)
    assert hpo("status").err.strip().endswith("Start with: hpo-tui demo, or hpo-tui init train.py")
    make_study().path.parent.rename(above / "my work" / HOME)
    assert hpo("status").err.strip().endswith("There are some below it, in my work: cd 'my work'")


@pytest.mark.parametrize(
    "words",
    [["delete", "", "--yes"], ["archive", " "], ["status", ""], ["stop", ""], ["run", ""],
     ["open", ""], ["extend", "1", "-s", ""]],
)  # fmt: skip
def test_an_empty_name_means_no_study(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    study_text: str, words: list[str],
) -> None:  # fmt: skip
    folder = make_study()
    (tmp_path / "study.toml").write_text(study_text.replace("NAME", "sparse"), "utf-8")
    ran = hpo(*words)
    assert ran.code == 1
    assert "the name of the study is empty" in ran.err
    assert folder.db.is_file()


@pytest.mark.parametrize("words", [["status"], ["best"], ["open", "--once"], ["stop"], ["run"]])
def test_the_name_of_an_archived_study_says_where_it_lies(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: list[str]
) -> None:
    folder = make_study("exports")  # near to a command
    make_study("other")
    hpo("archive", "exports")
    place = folder.path.parent / ".archive" / "exports"
    ran = hpo(*words, "exports")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"hpo-tui: exports is archived: it lies in {place} now. That path names it:"
        " hpo-tui status .hpo/.archive/exports\n"
    )


def test_an_archived_study_says_what_brings_it_back(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study("my study")
    hpo("archive", "my study")
    place = folder.path.parent / ".archive" / "my study"
    back = f"archived, and so in no list; to have it back: mv '{place}' {folder.path.parent}/"
    assert f"  {back}" in hpo("status", place).out.splitlines()
    subprocess.run(back.partition(": ")[2], shell=True, check=True)
    assert "archived" not in hpo("status", "my study").out


def test_where_all_studies_are_archived_it_is_said_where_they_are(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    hpo("archive", "sparse")
    ran = hpo("status")
    assert ran.code == 1
    where = f"Archived ones lie in {folder.path.parent / '.archive'}: sparse."
    assert ran.err.endswith(f" {where} To see one: hpo-tui status .hpo/.archive/sparse\n")


def test_from_a_folder_below(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_study()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert hpo("status", "sparse").out.startswith("sparse: finished")


def test_inside_a_study_only_the_study_that_was_named_is_deleted(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, other = make_study("a"), make_study("b")
    monkeypatch.chdir(first.path)
    ran = hpo("delete", "c", "--yes")
    assert (ran.code, first.exists, other.exists) == (1, True, True)
    ran = hpo("delete", "b", "--yes")
    assert (ran.code, first.exists, other.exists) == (0, True, False)
    assert "b is deleted" in ran.err


@pytest.mark.parametrize("words", [["--name", "other"], ["--set", "seed=2"]])
def test_what_makes_a_study_of_a_file_is_refused_for_one_that_is_made(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: list[str]
) -> None:
    folder = make_study()
    before = folder.file.read_text()
    ran = hpo("run", "sparse", "--headless", *words)
    assert ran.code == 1
    assert f"sparse is already a study; {words[0]} is only for a study file" in ran.err
    assert folder.runner_pid() is None
    assert folder.file.read_text() == before


def test_the_only_one_need_not_be_named(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    assert hpo("best").code == 0
    make_study("other")
    ran = hpo("best")
    assert ran.code == 1
    assert "other, sparse" in ran.err


def test_a_folder_that_was_deleted_meanwhile_is_named(
    hpo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for words in (("status",), ("run", "x"), ("best", "--json")):
        ran = hpo(*words)
        assert (ran.code, "the current folder no longer exists" in ran.err) == (1, True)


def test_none_at_all(hpo: Callable[..., Any]) -> None:
    ran = hpo("best")
    assert (ran.code, ran.out) == (1, "")
    assert "hpo-tui demo" in ran.err


def test_a_wrong_name_is_guessed(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    ran = hpo("status", "sprase")
    assert ran.code == 1
    assert "did you mean 'sparse'?" in ran.err


def test_a_file_that_was_never_run(
    hpo: Callable[..., Any], tmp_path: Path, study_text: str
) -> None:
    (tmp_path / "study.toml").write_text(study_text, "utf-8")
    ran = hpo("status", "study.toml")
    assert ran.code == 1
    assert "hpo-tui run study.toml" in ran.err


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_script_is_no_study_file(hpo: Callable[..., Any], tmp_path: Path, command: str) -> None:
    (tmp_path / "train.py").write_text("print('accuracy=1')", "utf-8")
    ran = hpo(command, "train.py")
    assert (ran.code, ran.out) == (1, "")
    assert "not a study file; to make one for a training script: hpo-tui init train.py" in ran.err


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("sweep.yaml", "to make one for a W&B sweep: hpo-tui init sweep.yaml"),
        ("experiment.yml", "for a SigOpt experiment: hpo-tui init experiment.yml"),
        ("x.db", "to make one from an Optuna storage: hpo-tui import x.db"),
        ("runs.csv", "to make one from a table of trials: hpo-tui import runs.csv"),
    ],
)
def test_the_file_of_another_program_is_made_a_study(
    hpo: Callable[..., Any], tmp_path: Path, name: str, how: str
) -> None:
    (tmp_path / name).write_text("", "utf-8")
    for command in ("run", "watch"):
        ran = hpo(command, name)
        assert (ran.code, ran.out) == (1, "")
        assert how in ran.err


def test_an_optuna_storage_is_made_a_study(hpo: Callable[..., Any]) -> None:
    ran = hpo("status", "sqlite:///x.db")
    assert ran.code == 1
    assert "to make one from an Optuna storage: hpo-tui import sqlite:///x.db" in ran.err


def test_options_before_the_command(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    assert hpo("--json", "status", "sparse").out == hpo("status", "sparse", "--json").out


def test_a_project_s_folder_is_printed_once_from_elsewhere(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study(root=tmp_path / "project")
    for words in (["project"], ["project/.hpo"]):
        ran = hpo(*words, "--once")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("sparse")
    make_study("second", root=tmp_path / "project")
    assert "several studies here; name one of second, sparse" in hpo("project", "--once").err


def test_a_path_alone_opens(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    ran = hpo("sparse", "--once")
    assert ran.code == 0
    assert "sparse" in ran.out
    ran = hpo("sparse")  # no terminal here
    assert ran.code == 1
    assert "needs a terminal" in ran.err


def test_python_m_works_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpo_tui", "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("hpo-tui ")


def test_by_a_name_that_no_folder_can_have(
    hpo: Callable[..., Any], study_text: str, tmp_path: Path
) -> None:
    text = study_text.replace('name = "NAME"', 'name = "R ü"')
    create_study(text, tmp_path / HOME)
    for name in ("R ü", "R-ü"):
        assert hpo("status", name, "--json").code == 0
    refused = hpo("status", "R  ü")
    assert (refused.code, "there is no study" in refused.err) == (1, True)


def test_a_study_file_of_which_no_study_was_made_is_opened_in_the_editor(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    tmp_path: Path,
    study_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Any] = []

    def show(folder: StudyFolder | None, home: Path | None, **options: Any) -> int:
        opened.append(folder.name if folder is not None else options.get("file"))
        return 0

    monkeypatch.setattr(screens, "show", show)
    file = tmp_path / "new.toml"
    for text in (study_text.replace('"sparse"', '"never-run"'), "[study\n"):
        file.write_text(text, "utf-8")
        assert hpo("new.toml").code == 0
        assert opened.pop() == file
    assert hpo("new.toml", "--once").code == 1
    folder = make_study()
    for named in (folder.file, folder.path, folder.name):
        assert hpo(named).code == 0
        assert opened.pop() == folder.name
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', "utf-8")
    ran = hpo("pyproject.toml")
    assert ran.code == 1
    assert "is a TOML file of something else" in ran.err
    assert opened == []


@pytest.mark.parametrize("named", ["there", "there/study.toml"])
@pytest.mark.parametrize(
    "words",
    [["check"], ["run"], ["open"], ["watch"], ["status"], ["best"], ["export", "--csv"], ["pause"],
     ["stop"], ["delete", "--yes"]],
)  # fmt: skip
def test_a_folder_in_the_place_of_a_study_file_is_named(
    hpo: Callable[..., Any], tmp_path: Path, words: list[str], named: str
) -> None:
    (tmp_path / "there" / "study.toml").mkdir(parents=True)
    ran = hpo(*words, named)
    assert ran.code == 1
    assert "there/study.toml is a folder, and a study file is meant: rename the folder" in ran.err


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_folder_in_the_place_of_the_study_file_here(
    hpo: Callable[..., Any], tmp_path: Path, command: str
) -> None:
    (tmp_path / "study.toml").mkdir()
    ran = hpo(command)
    assert ran.code == 1
    assert "study.toml is a folder" in ran.err


def test_a_studys_own_file_that_is_a_folder_changes_nothing_by_halves(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    budget = json.loads(hpo("status", folder.name, "--json").out)["budget"]
    folder.file.unlink()
    folder.file.mkdir()
    ran = hpo("extend", "5", "-s", folder.name)
    assert ran.code == 1
    assert f"{folder.file} is a folder" in ran.err
    assert json.loads(hpo("status", folder.name, "--json").out)["budget"] == budget


def test_a_folder_in_the_place_of_the_database_is_no_fault_of_the_disk(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    for path in folder.path.glob("study.db*"):
        path.unlink()
    folder.db.mkdir()
    ran = hpo("status", folder.name)
    assert ran.code == 1
    assert "study.db is a folder" in ran.err
    assert "disk" not in ran.err


@pytest.mark.parametrize("words", [["run"], ["check"], ["open"]])
def test_a_link_that_leads_back_to_itself_is_no_bug(
    hpo: Callable[..., Any], tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    ran = hpo(*words, "loop.toml")
    assert ran.code == 1
    assert "bug" not in ran.err
    assert "link that leads back to itself" in ran.err


@pytest.mark.parametrize("words", [["run"], ["check"], ["open"]])
def test_a_link_to_what_is_not_there_is_said_to_be_one(
    hpo: Callable[..., Any], tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "link.toml").symlink_to("/mnt/away/study.toml")
    ran = hpo(*words, "link.toml")
    assert ran.code == 1
    assert "'link.toml' is a link to /mnt/away/study.toml, which is not there" in ran.err
