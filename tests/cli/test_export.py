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
from hpo_tui.tui.cli.exporting import _target


def test_one_form_of_export_at_a_time(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    for words in (["--csv", "--json"], ["--reports", "--optuna", "x.db"], []):
        ran = hpo("export", *words)
        assert ran.code == 2, words
        assert "choose one of --csv" in ran.err
        assert ran.out == ""


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
    (tmp_path / "out.csv.1.part").symlink_to("/dev/full")
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
