"""Which code trials run is noted as they start, and said where it changes."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.code_versions import (
    FOLDER,
    KEY,
    CodeVersion,
    exported,
    version_at,
    versions,
)
from hpo_tui.store.read import StudyReader

COMMIT = ("git", "-c", "user.email=a@b", "-c", "user.name=n", "-c", "commit.gpgsign=false")
SCRIPT = """
report(accuracy=given["trial"] / 100)
while not os.path.exists(f"go{given['trial']}"): time.sleep(0.02)
"""


def known(study: Any) -> tuple[CodeVersion, ...]:
    return versions(study.get(KEY))


def test_a_change_between_two_trials_is_told_and_kept(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=2)
    place = study.folder.workplace
    for words in (("init", "-q"), ("add", "train.py"), ("commit", "-qm", "A first try")):
        subprocess.run([*COMMIT, *words], cwd=place, check=True)
    study.started().running(1)
    study.until(lambda: known(study))
    with (place / "train.py").open("a") as script:
        script.write("# better\n")
    (place / "go1").touch()
    study.running(2)
    first, second = study.until(lambda: len(known(study)) == 2 and known(study))
    (place / "go2").touch()
    study.gone()
    assert (first.commit, first.subject) == (second.commit, "A first try")
    assert not first.changed
    assert second.patch
    patch = (study.folder.path / FOLDER / second.patch).read_text()
    assert "+# better" in patch
    starts = {e.trial: e.time for e in study.events("started")}
    assert [version_at((first, second), starts[n]) for n in (1, 2)] == [first, second]
    with StudyReader(study.folder.db) as reader:
        assert exported(reader.get(KEY), reader.starts()) == {
            1: (first.commit, ""), 2: (first.commit, f"{FOLDER}/{second.patch}"),
        }  # fmt: skip
    told = [e.text for e in study.events("code")]
    assert told[0].startswith(f"commit {first.commit[:9]} “A first try”")
    assert told[1].startswith("the code has changed: from trial 2 on trials run commit")


def test_trials_neither_wait_nor_fail_for_a_git_that_hangs(
    make_study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\necho $$ >> asked.txt\nexec sleep 600\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    study = make_study("report(accuracy=0.5)\ntime.sleep(1.5)", budget=2).run()
    assert [t.state for t in study.trials()] == ["complete", "complete"]
    assert known(study) == ()
    asked = (study.folder.workplace / "asked.txt").read_text().split()
    assert asked
    study.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in asked))


@given(st.recursive(st.none() | st.floats() | st.text() | st.booleans(), st.lists) | st.just([{}]))
def test_what_cannot_be_read_is_left_out(kept: Any) -> None:
    assert versions(kept) == ()
    right = CodeVersion(1.0, "c" * 40, "s", True, "p.patch")
    assert versions([kept, right.record()]) == (right,)


def test_words_say_whether_the_commit_is_all() -> None:
    clean = CodeVersion(0.0, "0123456789abcdef", "Say")
    assert clean.words() == "commit 012345678 “Say”"
    changed = CodeVersion(0.0, "0123456789abcdef", "", changed=True, patch="a.patch")
    assert changed.words() == "commit 012345678, changed by code/a.patch"
    large = CodeVersion(0.0, "0123456789abcdef", "", changed=True)
    assert large.words() == "commit 012345678, with more changes than are kept"
    assert version_at((clean, changed), None) is None
    assert version_at((clean,), -1.0) is None
