"""Where an export goes: one form at a time, whole or not at all."""

import errno
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.transfer.atomic_files import atomic_file
from hpo_tui.tui.cli.exporting import _target, _whole


def test_one_form_of_export_at_a_time(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    for words in (["--csv", "--json"], ["--reports", "--optuna", "x.db"], []):
        ran = hpo("export", *words)
        assert ran.code == 2, words
        assert "choose one of --csv" in ran.err
        assert ran.out == ""


@pytest.mark.parametrize(("file", "form"), [("a.csv", "--csv"), ("a.JSONL", "--json")])
def test_the_ending_of_the_file_can_say_the_form(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    file: str, form: str,
) -> None:  # fmt: skip
    make_study()
    assert hpo("export", "-o", file).code == 0
    assert (tmp_path / file).read_text() == hpo("export", form).out != ""
    assert hpo("export", "-o", "a.txt").code == 2
    assert hpo("export", "--reports", "-o", file).code == 0
    assert (tmp_path / file).read_text() == hpo("export", "--reports").out


@pytest.mark.parametrize("where", ["sqlite:///out.db", "out.log"])
@pytest.mark.parametrize("first", [True, False])
def test_an_export_that_breaks_off_leaves_no_half_study(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, *, where: str, first: bool,
) -> None:  # fmt: skip
    make_study()
    if not first:
        make_study("other")
        assert hpo("export", "other", "--optuna", where).code == 0
    there = sorted(p.name for p in tmp_path.iterdir())

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(optuna.study.Study, "add_trials", full)
        ran = hpo("export", "sparse", "--optuna", where)
    assert ran.code == 1
    assert (
        f"{where} cannot be written: No space left on device: make some; where `df` shows"
        in ran.err
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == there
    assert hpo("export", "sparse", "--optuna", where).code == 0


def test_a_pipe_is_written_as_it_is_and_a_link_stays_one(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("export", "sparse", "--csv", "-o", "plain.csv").code == 0
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE) as cat:
        assert hpo("export", "sparse", "--csv", "-o", "pipe").code == 0
        read, _ = cat.communicate()
    assert read == (tmp_path / "plain.csv").read_bytes()
    assert (tmp_path / "pipe").is_fifo()
    line = f'"{sys.executable}" -m hpo_tui export sparse --csv -o /dev/stdout | cat'
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == read
    (tmp_path / "link.csv").symlink_to("target.csv")
    assert hpo("export", "sparse", "--csv", "-o", "link.csv").code == 0
    assert (tmp_path / "link.csv").readlink() == Path("target.csv")
    assert (tmp_path / "target.csv").read_bytes() == read


def test_a_full_disk_leaves_no_part_of_a_table(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_study()
    monkeypatch.setattr(secrets, "token_hex", lambda _: "1")
    (tmp_path / "out.csv.hpo-1.part").symlink_to("/dev/full")
    ran = hpo("export", "sparse", "--csv", "-o", "out.csv")
    assert ran.code == 1
    assert "out.csv finds no room on its disk (No space left on device)" in ran.err
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hpo"]


def test_two_exports_to_one_file_at_once_do_not_mix(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    with _target(output) as long:
        long.write("long\n" * 9)
        with _target(output) as short:
            short.write("short\n")
        assert output.read_text() == "short\n"
    assert output.read_text() == "long\n" * 9
    assert list(tmp_path.iterdir()) == [output]


def test_what_a_killed_export_has_left_goes_with_the_next_one_but_not_what_somebody_writes(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    left = tmp_path / "other.csv.hpo-0123abcd.part"
    database = tmp_path / f"{left.name}-new-journal"
    mine = tmp_path / "out.csv.20240101.part"
    for path in (left, database, mine):
        path.write_text("half")
    with atomic_file(tmp_path / "out.csv") as part:
        part.write_text("a living export's")
        assert hpo("export", "sparse", "--csv", "-o", "out.csv").code == 0
        assert part.read_text() == "a living export's"
        assert not left.exists()
        assert not database.exists()
        assert mine.exists()
    assert (tmp_path / "out.csv").read_text() == "a living export's"


def test_a_device_that_parquet_is_written_to_stays_one(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    with _whole(tmp_path / "null") as part:
        part.write_bytes(b"table")
    assert (tmp_path / "null").is_char_device()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["null"]


@pytest.mark.parametrize("where", ["sqlite:///out.db", "out.log"])
def test_half_an_optuna_study_passes_for_no_whole_one(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, where: str,
) -> None:  # fmt: skip
    make_study()
    make_study("other")
    seen: list[str] = []
    add = optuna.study.Study.add_trials

    def look(self: optuna.study.Study, trials: Any) -> None:
        there = (tmp_path / where.removeprefix("sqlite:///")).exists()
        if there:
            seen.append(hpo("import", where, "--study", "sparse", "--name", "new").err)
            seen.append(hpo("export", "sparse", "--optuna", where).err)
        else:
            seen.append("not there yet")
        add(self, trials)

    monkeypatch.setattr(optuna.study.Study, "add_trials", look)
    for name in ("other", "sparse"):
        assert hpo("export", name, "--optuna", where).code == 0
    assert seen[0] == "not there yet"
    assert len(seen) == 3
    for said in seen[1:]:
        assert f"{where} holds half a study sparse: its export goes on, or was cut off" in said
        assert f"optuna delete-study --storage {where} --study-name sparse" in said
    assert hpo("import", where, "--study", "sparse", "--name", "new").code == 0


def test_a_closed_folder_is_named_though_the_file_in_it_is_open(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    make_study()
    (tmp_path / "out.csv").write_text("before")
    make = os.open

    def closed(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith(".part"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return make(path, *args, **options)

    monkeypatch.setattr(os, "open", closed)
    ran = hpo("export", "sparse", "--csv", "-o", "out.csv")
    assert f"nothing is written: {tmp_path} is closed to you (Permission denied)" in ran.err
    assert (tmp_path / "out.csv").read_text() == "before"
