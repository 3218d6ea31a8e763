"""doctor, check, archive and delete."""

import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import create_study, starting
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.tui.cli import doctor as module


def test_doctor_looks_at_everything(hpo: Callable[..., Any]) -> None:
    ran = hpo("doctor", "--json")
    found = json.loads(ran.out)
    assert {f["what"] for f in found} == {
        "python", "gpu", "machine", "terminal", "locale", "disk", "session",
    }  # fmt: skip
    assert all(f["level"] in ("ok", "note", "warn", "bad") for f in found)
    assert ran.code == int(any(f["level"] == "bad" for f in found))


@pytest.mark.parametrize(("path", "level"), [("absolute", "warn"), ("relative", "bad")])
def test_what_is_found_on_pythonpath_alone_is_no_reason_to_refuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, level: str
) -> None:
    def version(name: str) -> str:
        if name == "textual":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    other = tmp_path / "other_python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # with no site-packages
    other.chmod(0o755)
    (tmp_path / "lib" / "textual").mkdir(parents=True)
    (tmp_path / "lib" / "textual" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "lib" if path == "relative" else str(tmp_path / "lib"))
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(sys, "executable", str(other))
    first, rest = module.check_python()
    assert (first.level, rest.level) == (level, "ok")
    assert "textual is not installed" in first.text
    assert ("PYTHONPATH stays" in first.text) == (level == "warn")


def test_another_system_than_linux_is_told(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    make_study(state=StudyState.STOPPED)
    monkeypatch.setattr(starting, "PROC", tmp_path / "proc")
    ran = hpo("doctor")
    assert (ran.code, "only be run on Linux" in ran.out) == (1, True)
    ran = hpo("resume")
    assert (ran.code, "only be run on Linux" in ran.err) == (1, True)
    assert hpo("best").code == 0


def test_doctor_survives_a_check_that_fails(
    hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_disk() -> None:
        raise RuntimeError("\x1b[31mno")
        yield

    monkeypatch.setattr(module, "CHECKS", (check_disk, module.check_locale))
    ran = hpo("doctor")
    assert "disk      cannot be checked" in ran.out
    assert "locale" in ran.out
    assert "\x1b" not in ran.out


def test_doctor_in_a_folder_that_is_gone_says_so(
    hpo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(module, "CHECKS", (module.check_disk,))
    said = "cannot be checked: the current folder no longer exists; cd to another one"
    assert said in hpo("doctor").out


def test_doctor_reads_logind(tmp_path: Path) -> None:
    assert module.kills_user_processes(tmp_path) in (None, True, False)
    (tmp_path / "logind.conf").write_text("[Login]\n#KillUserProcesses=yes\n", "utf-8")
    dropins = tmp_path / "logind.conf.d"
    dropins.mkdir()
    if module.kills_user_processes(tmp_path) is None:  # no logind answers on a bus here
        (dropins / "10.conf").write_text("[Login]\nKillUserProcesses=yes\n", "utf-8")
        assert module.kills_user_processes(tmp_path) is True
        (dropins / "20.conf").write_text("[Login]\nKillUserProcesses=no\n", "utf-8")
        assert module.kills_user_processes(tmp_path) is False


def test_check_says_all_problems(hpo: Callable[..., Any], tmp_path: Path, study_text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(study_text, "utf-8")
    ran = hpo("check")
    assert (ran.code, ran.err) == (0, "")
    assert "3 searched" in ran.out
    assert [line.strip() for line in ran.out.splitlines() if "!" in line] == [
        f"! the command's script 'train.py' is not found in {tmp_path}, where trials run"
    ]
    (tmp_path / "train.py").write_text("from hpo_tui import trial\n", "utf-8")
    assert "!" not in hpo("check").out
    (tmp_path / "train.py").write_text("print('accuracy=0.5')\n", "utf-8")
    assert '! "lr" is not in the command' in hpo("check").out
    path.write_text(study_text.replace("low = 1e-4", "low = -1").replace("full", "cheap"), "utf-8")
    ran = hpo("check", "study.toml")
    assert ran.code == 1
    assert "study.toml:9: space.lr.low" in ran.out
    assert len(ran.out.splitlines()) >= 2


def test_check_of_a_file_that_is_not_there_says_how_to_get_one(hpo: Callable[..., Any]) -> None:
    for words in (["check"], ["check", "."]):
        ran = hpo(*words)
        assert ran.code == 1
        assert ran.err == (
            "hpo-tui: there is no study file 'study.toml'; hpo-tui init train.py writes one for a"
            " script\n"
        )
    assert "there is no study 'none'" in hpo("check", "none").err
    assert "is a variable not set?" in hpo("check", "").err


def test_check_names_the_file_of_the_study_that_an_edit_is_in(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = make_study()
    (tmp_path / "study.toml").write_text("none of this")
    text = folder.file.read_text("utf-8")
    folder.file.write_text(text.replace("resume = true", "resume = false"), "utf-8")
    ran = hpo("check", "sparse")
    assert ran.code == 1
    assert ran.out.startswith(f"{folder.file}:5: study.resume: cannot change once trials have run")
    assert "write true again" in ran.out
    assert f"in {folder.path} cannot be applied: study.toml:5" in hpo("run", "sparse").err


def test_check_says_which_metric_no_pattern_finds(
    hpo: Callable[..., Any], tmp_path: Path, study_text: str
) -> None:
    (tmp_path / "train.py").write_text("print()")
    pattern = "[[metrics]]\npattern = '(?P<acc>.*) (?P<weights>.*)'\n"
    file = tmp_path / "study.toml"
    file.write_text(study_text + pattern)
    said = [line for line in hpo("check").out.splitlines() if "no pattern has a group" in line]
    assert [line.split('"')[1] for line in said] == ["accuracy", "latency"]
    file.write_text(study_text + pattern + 'rename = { acc = "accuracy", b = "latency" }\n')
    assert '"accuracy", as' not in hpo("check").out
    file.write_text(study_text + pattern + "[[metrics]]\n")
    assert "no pattern has" not in hpo("check").out


def test_init_of_nothing_is_refused_before_it_is_tried(hpo: Callable[..., Any]) -> None:
    ran = hpo("init", "none.py")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_check_says_that_a_template_is_not_there(
    hpo: Callable[..., Any], tmp_path: Path, study_text: str
) -> None:
    text = study_text.replace("budget = 10", 'budget = 10\ntemplate = ["net.json", "net.json"]')
    (tmp_path / "study.toml").write_text(text, "utf-8")
    (tmp_path / "train.py").write_text("from hpo_tui import trial\n", "utf-8")
    said = f"! the template 'net.json' is not found in {tmp_path}, where trials run"
    assert said in hpo("check").out
    (tmp_path / "net.json").write_text('{"lr": {lr}}', "utf-8")
    assert "!" not in hpo("check").out


def test_check_says_whether_an_edit_by_hand_can_be_taken_over(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    for named in (folder.name, folder.path, folder.file):
        ran = hpo("check", named)
        assert (ran.code, ran.err) == (0, "")
        assert "edited by hand" not in ran.out
    again = create_study(folder.file, folder.path.parent, "second")
    assert f"{again.file} is correct: second\n" in hpo("check", "second").out
    text = folder.file.read_text("utf-8")
    folder.file.write_text(text.replace("low = 1e-4", "low = 1e-3"), "utf-8")
    for named in (folder.name, folder.path, folder.file):
        ran = hpo("check", named)
        assert ran.code == 0
        assert "edited by hand, applied by hpo-tui run: space.lr: narrowed" in ran.out
    folder.file.write_text(text.replace('"maximize"', '"minimize"'), "utf-8")
    line = text[: text.index('"maximize"')].count("\n") + 1
    ran = hpo("check", folder.name)
    assert ran.code == 1
    assert f"study.toml:{line}: objective[1].direction: cannot go from maximize" in ran.out
    assert "nowhere" in hpo("check", "nowhere").err


def test_check_says_which_earlier_study_is_not_there(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path, study_text: str
) -> None:
    make_study("monday")
    path = tmp_path / "study.toml"
    (tmp_path / "train.py").write_text("from hpo_tui import trial\n", "utf-8")
    for name, said in (
        ("mondy", "! learn_from: there is no study 'mondy'"),
        ("monday", ""),
        (".hpo/monday", ""),
    ):
        path.write_text(study_text.replace("[study]", f'[study]\nlearn_from = ["{name}"]'), "utf-8")
        ran = hpo("check")
        assert ran.code == 0
        assert said in ran.out
        assert bool(said) == ("!" in ran.out)


def test_check_misses_no_earlier_study_that_has_been_read(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path, study_text: str
) -> None:
    from hpo_tui.engine.learning import KEPT
    from hpo_tui.store.write import StudyWriter

    text = study_text.replace("[study]", '[study]\nlearn_from = ["monday", "sunday"]')
    folder = make_study("now", text=text)
    (tmp_path / "train.py").write_text("from hpo_tui import trial\n", "utf-8")
    (tmp_path / "study.toml").write_text(text.replace("NAME", "now"), "utf-8")
    writer = StudyWriter(folder.db)
    for read, said in (({"monday": {}}, ["no study 'sunday'"]), ({"monday": {}, "sunday": {}}, [])):
        writer.put(KEPT, read)
        for named in ("study.toml", "now"):
            ran = hpo("check", named)
            assert ran.code == 0
            assert [line for line in said if line in ran.out] == said
            assert ("!" in ran.out) == bool(said)
    writer.close()


def test_archive_and_delete(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study("one")
    make_study("two")
    assert hpo("archive", "one").code == 0
    assert (tmp_path / ".hpo" / ".archive" / "one" / "study.db").is_file()
    assert [s["study"] for s in json.loads(hpo("status", "--json").out)] == ["two"]
    ran = hpo("delete", "two")
    assert ran.code == 1
    assert "--yes" in ran.err
    assert hpo("delete", "two", "--yes").code == 0
    assert not (tmp_path / ".hpo" / "two").exists()
    assert hpo("delete", ".hpo/.archive/one", "--yes").code == 0


def test_a_study_whose_file_is_broken_can_be_put_away(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    for name, words in (("one", ("archive", "one")), ("two", ("delete", "two", "--yes"))):
        make_study(name).db.write_bytes(b"no database" * 1000)
        assert hpo(*words).code == 0
        assert not (tmp_path / ".hpo" / name).exists()


def test_a_file_is_checked_as_it_would_be_run(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = make_study()
    text = folder.file.read_text("utf-8")
    (tmp_path / "study.toml").write_text(text.replace('name = "sparse"\n', "", 1), "utf-8")
    ran = hpo("check", "--name", "other", "--set", "slots=2")
    assert ran.code == 0, ran
    assert ran.out.startswith("study.toml is correct: other\n")
    ran = hpo("check", "--name", "other", "--set", "slots=0", "--set", "slats=1")
    assert ran.code == 1
    assert ran.out == (
        "study.toml: resources.slots: must be 1 or more, found 0\n"
        'study.toml: resources.slats: unknown key; did you mean "slots"?\n'
    )
    assert "--set: " in hpo("check", "--name", "other", "--set", "slots").err
    assert "--name: must be able to name a folder" in hpo("check", "--name", "a/b").err
    assert "is already a study; --name and --set are" in hpo("check", "sparse", "--set", "a=1").err


def test_a_running_study_is_not_deleted(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    import fcntl

    folder = make_study()
    with folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (["delete", "sparse", "--yes"], ["archive", "sparse"]):
            ran = hpo(*words)
            assert ran.code == 1
            assert "stop it first" in ran.err
    assert folder.db.is_file()


def test_init_says_what_comes_first(hpo: Callable[..., Any], tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint('loss=0.5')\n# sys.argv\n")
    said = hpo("init", "train.py").out
    assert "Deal with what is marked ! and read the file, then: hpo-tui run study.toml" in said
    said = hpo("init", "--force", "--", "python", "train.py", "lr=0.1").out
    assert "\nRead the file, then: hpo-tui run study.toml" in said


def test_what_init_advises_can_be_typed_as_it_stands(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    """The file that the advice is about is there by then."""
    (tmp_path / "train.py").write_text(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        'parser.add_argument("--data", required=True)\n'
        'parser.add_argument("--lr", type=float, default=0.1)\n'
        'print("loss=0.5", parser.parse_args())\n',
        "utf-8",
    )
    said = hpo("init", "train.py").out
    advised = next(line for line in said.splitlines() if "the script needs --data" in line)
    words = advised.partition("hpo-tui ")[2].replace("…", "here").split()
    assert hpo(*words).code == 0
    assert "--data here" in (tmp_path / "study.toml").read_text("utf-8")


def test_init_leaves_a_template_alone_that_is_there(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text("import wandb\n")
    parameters = {"lr": {"min": 0.1, "max": 1.0}}
    sweep = {"program": "train.py", "method": "random", "parameters": parameters}
    (tmp_path / "sweep.json").write_text(json.dumps(sweep))
    (tmp_path / "wandb.template.yaml").write_text("mine")
    ran = hpo("init", "--no-run", "sweep.json")
    assert ran.code == 1
    assert "wandb.template.yaml exists already; use --force to overwrite it" in ran.err
    assert not (tmp_path / "study.toml").exists()
    assert hpo("init", "--no-run", "--force", "sweep.json").code == 0
