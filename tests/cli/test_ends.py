"""What is said of a study that ended because its goals were met, and who is told of it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.notify import KEY
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter

WHY = "goals met by trial 9"


@pytest.fixture
def ended(make_study: Callable[..., StudyFolder], study_text: str) -> StudyFolder:
    folder = make_study(
        text=study_text.replace("budget = 10", 'budget = 10\nstop_when="goals met"')
    )
    writer = StudyWriter(folder.db)
    writer.update_study(reason=WHY)
    # The results of before: one that no goal is met by would go on once it is extended.
    writer.update_trial(9, metrics={"accuracy": 0.95, "weights": 900.0, "latency": 5.0})
    writer.close()
    return folder


def test_it_is_told_why(hpo: Callable[..., Any], ended: StudyFolder) -> None:
    assert hpo("status", "sparse").out.splitlines()[1] == f"  {WHY}"
    assert json.loads(hpo("status", "sparse", "--json").out)["reason"] == WHY
    assert WHY in hpo("watch", "sparse", "--once").out
    ran = hpo("run", str(ended.path), "--headless")
    assert (ran.code, ran.out.splitlines()[1]) == (0, f"  {WHY}")


def test_extended_without_a_runner_it_will_go_on_past_them(
    hpo: Callable[..., Any], ended: StudyFolder
) -> None:
    assert "continues past the goals that were met" in hpo("extend", 1).err
    assert "continues past" not in hpo("extend", 1).err
    assert "stop_when" in ended.file.read_text()


def test_check_tries_the_command_that_tells(
    hpo: Callable[..., Any], tmp_path: Path, study_text: str
) -> None:
    def check(line: str) -> Any:
        (tmp_path / "study.toml").write_text(study_text.replace("resume", f"{line}\nresume"))
        return hpo("check", "--notify")

    assert check("""notify = 'echo "$HPO_EVENT" > told; cat >> told'""").code == 0
    said = (tmp_path / "told").read_text().splitlines()
    assert said == ["test", "NAME: test (sent by a check)"]
    ran = check("notify = 'echo no such host; exit 6'")
    assert (ran.code, "failed: exit code 6; last lines: no such host" in ran.err) == (1, True)
    ran = check("")
    assert (ran.code, "has no notify command" in ran.err) == (1, True)


def test_what_was_to_be_told_when_it_ended_is_told_when_it_is_run_again(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str, tmp_path: Path
) -> None:
    text = study_text.replace(
        "resume", """notify = 'echo "$HPO_BEST" > new; mv new told'\nresume"""
    )
    folder = make_study(text=text)
    writer = StudyWriter(folder.db)
    writer.put(f"{KEY}1", ["finished", ""])
    writer.close()
    for _ in range(2):
        assert hpo("run", "sparse", "--no-wait").code == 0
    deadline = time.monotonic() + 30
    while not (tmp_path / "told").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "told").read_text().startswith("trial ")


def test_check_says_what_ends_it(hpo: Callable[..., Any], tmp_path: Path, study_text: str) -> None:
    (tmp_path / "study.toml").write_text(
        study_text.replace("resume", 'stop_when = "goals met by 2"\nresume')
    )
    assert "ends        when the budget is spent, or goals met by 2 trials\n" in hpo("check").out
    (tmp_path / "study.toml").write_text(study_text.replace("resume", 'stop_when = "soon"\nresume'))
    ran = hpo("check")
    assert (ran.code, "study.toml:5: study.stop_when: must be" in ran.out) == (1, True)
