"""How a study stands, in words."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.engine import misnamed
from hpo_tui.engine.waiting import KEY
from hpo_tui.store.frame import STATES
from hpo_tui.store.models import Event, StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.watching.pictures import Pictures
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.first_result import first_result_text
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.standing import window_title
from hpo_tui.tui.words.status_lines import status_lines
from tests.tui.conftest import make_study

FAILED = next(code for code, state in enumerate(STATES) if state is TrialState.FAILED)


def test_a_wide_name_is_cut_by_the_cells_that_it_takes(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3))
    named = replace(snapshot, study=replace(snapshot.study, name="日本語"))
    assert header_pieces(named, 80)[0][0] == ("日本語", "bold")
    long = replace(snapshot, study=replace(snapshot.study, name="日本語" * 20))
    left, _ = header_pieces(long, 80)
    assert fmt.width_of(left[0][0]) == 80 // 3
    assert sum(fmt.width_of(text) + 2 for text, _ in left) < 80


def test_at_no_width_is_the_header_wider(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3))
    said = set()
    for width in range(50, 160):
        left, right = header_pieces(snapshot, width)
        gaps = 2 * len(left) + max(len(left) - 2, 0) + 2 * len(right)
        assert sum(fmt.width_of(text) for text, _ in left + right) + gaps <= width
        said.add(len(left) + len(right))
    assert len(said) > 2, "or nothing was left out"


def test_the_window_s_title_says_which_study_how_it_stands_and_what_is_spent(
    tmp_path: Path,
) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3))
    spent = replace(snapshot, spent=3.25, runner_pid=1)
    assert window_title(spent) == f"{snapshot.folder.name} 3.2/{snapshot.spec.budget.amount:.1f}"
    assert f"{snapshot.folder.name} runner died " in window_title(replace(spent, runner_pid=None))


def test_gpus_that_do_not_all_fit_into_the_header_are_summed_up(tmp_path: Path) -> None:
    snapshot = replace(read_once(make_study(tmp_path, trials=3)), runner_pid=1)
    gpus = tuple(
        replace(d, time=snapshot.time, device=f"GPU{n}", utilization=n / 10)
        for d in snapshot.devices
        for n in range(8)
    )
    eight = replace(snapshot, devices=gpus)
    assert [text for text, _ in header_pieces(eight, 300)[1]][7] == "GPU7 70% 11/24G"
    assert header_pieces(eight, 120)[1] == [("8 GPUs 35% 88/192G", "dim")]
    lost = replace(gpus[7], memory_used=0, memory_total=0, utilization=None, trouble="is lost")
    seven = replace(eight, devices=(*gpus[:7], lost))
    assert header_pieces(seven, 120)[1] == [("7 GPUs 30% 77/168G, 1 lost", "dim")]
    assert header_pieces(seven, 300)[1][7] == ("GPU7 lost", "dim")


def test_a_metric_under_another_name_is_told_of_where_people_look(tmp_path: Path) -> None:
    folder = make_study(tmp_path, trials=3)
    with closing(StudyWriter(folder.db)) as writer:
        writer.put(misnamed.KEY, [["accuracy", "acc", 2], ["of no goal", "x", 2]])
        snapshot = read_once(folder)
        assert not snapshot.misnamed, "a trial has reported it"
    frame = replace(snapshot.frame, metrics={})
    with StudyReader(folder.db) as reader:
        found = misnamed.misnamed(reader, snapshot.spec, frame)
    seen = replace(snapshot, misnamed=found, frame=frame, runner_pid=1)
    assert ("no accuracy, but acc", "warn") in header_pieces(seen, 80)[0]
    told = 'rial 2 reports acc, but no accuracy, and will have no result without it: if "acc" is'
    assert first_result_text(seen).startswith(f"T{told}")
    assert f"t{told}" in "\n".join(status_lines(seen, 200))


def test_where_no_trial_is_full_the_failed_ones_are_told_of(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=0))
    failed = int(snapshot.frame.in_state(TrialState.FAILED).sum())
    assert failed
    text = first_result_text(snapshot)
    assert f"{failed} trials of 60 have failed; the events (7) say why." in text
    assert "The last, #5: trial 5 failed: CUDA out of memory" in text
    later = replace(snapshot.frame, started=np.full(60, max(e.time for e in snapshot.events) + 1.0))
    well = int(later.in_state(TrialState.COMPLETE).sum())
    told = first_result_text(replace(snapshot, frame=later))
    assert f"have failed, and {well} completed since; the events (7) say why." in told
    assert "The last" not in told
    assert "have failed: the events (7) say why." in first_result_text(replace(snapshot, events=()))


def test_the_last_failure_may_be_for_want_of_memory_but_none_that_is_tried_again(
    tmp_path: Path,
) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=0))
    frame, now = snapshot.frame, snapshot.time
    failed = frame.number[frame.in_state(TrialState.FAILED)].tolist()
    other = next(n for n in frame.number.tolist() if n not in failed)
    events = (
        Event(1, now, "failed", f"trial {failed[0]}: exit code 1", failed[0]),
        Event(2, now, "oom", f"trial {failed[1]}: Ran out of GPU memory", failed[1]),
        Event(3, now, "oom", f"trial {other}: Ran out of GPU memory; it runs again", other),
    )
    told = first_result_text(replace(snapshot, events=events)).splitlines()
    assert f"The last, #{failed[1]}: Ran out of GPU memory" in told


@pytest.mark.parametrize(("trials", "what"), [(0, "first"), (60, "next")])
def test_what_is_prepared_is_first_only_where_there_are_no_trials(
    tmp_path: Path, trials: int, what: str
) -> None:
    snapshot = replace(read_once(make_study(tmp_path, trials=trials, running=0)), runner_pid=1)
    assert f"preparing its {what} suggestions" in first_result_text(snapshot)


def test_of_a_failures_output_the_line_that_names_the_error_is_told(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=0))
    now = snapshot.time
    text = 'trial 9: exit code 1; last lines: Traceback: | File "a.py", line 3 | ValueError: no'
    events = (Event(1, now, "failed", text, 9), Event(2, now, "started", "trial 10 starts", 10))
    told = first_result_text(replace(snapshot, events=events))
    assert "The last, #9: exit code 1: ValueError: no" in told.splitlines()
    long = (Event(1, now, "failed", f"trial 9: exit code 1; last lines: {'x' * 900}", 9),)
    assert max(map(len, first_result_text(replace(snapshot, events=long)).splitlines())) < 200


def test_what_a_full_trial_takes_is_told_by_what_trials_have_run_for(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=2))
    frame = snapshot.frame
    partial = ~frame.at_task("60 epochs")
    # Promotions from 15 to 30 epochs: a quarter of a full trial each, in 150 s.
    promoted = replace(
        frame,
        task=np.where(partial, frame.tasks.index("30 epochs"), frame.task).astype(np.int16),
        state=np.where(partial, frame.state, STATES.index(TrialState.RUNNING)).astype(np.int8),
        cost=np.full(60, 0.25),
        duration=np.full(60, 150.0),
    )
    picture = replace(snapshot, frame=promoted, runner_pid=1)
    assert "is running and takes about 10m." in first_result_text(picture)


@pytest.mark.parametrize("width", [32, 40, 80])
def test_in_little_room_names_give_way_to_the_values_of_the_best(
    tmp_path: Path, width: int
) -> None:
    snapshot = read_once(make_study(tmp_path, trials=120, running=0))
    free = tuple(replace(o, threshold=None) for o in snapshot.spec.objectives)
    spec = replace(snapshot.spec, objectives=free, outcome_constraints=())
    lines = status_lines(replace(snapshot, spec=spec), width)
    best = [line for line in lines if line.startswith("#")]
    assert best
    assert all(fmt.width_of(line) <= width for line in best)
    assert all(re.match(r"#\d+  acc\S* [\d.]+  non\S* [\d.]+k?( |$)", line) for line in best), best


def test_a_finished_study_without_a_full_trial_names_the_way_that_there_is(
    tmp_path: Path,
) -> None:
    study = make_study(tmp_path, trials=1, running=0, state=StudyState.FINISHED)
    seen = read_once(study)
    seen = replace(seen, frame=replace(seen.frame, state=np.full_like(seen.frame.state, FAILED)))
    text = first_result_text(seen)
    assert "increase its budget first (+" in text
    assert "R starts it" not in text
    assert "R starts it" in first_result_text(replace(seen, edited=True))


def test_the_header_says_how_a_study_whose_budget_is_spent_goes_on(tmp_path: Path) -> None:
    spent = read_once(make_study(tmp_path, trials=3, running=0, state=StudyState.FINISHED))
    assert ("the budget is spent (+ adds to it)", "dim") in header_pieces(spent, 120)[0]
    left = replace(spent, study=replace(spent.study, reason="the budget is spent but for 0.62"))
    assert ("the budget is spent but for 0.62 (+ adds to it)", "dim") in header_pieces(left, 120)[0]
    met = replace(spent, study=replace(spent.study, reason="two trials meet all goals"))
    assert "adds" not in "".join(text for text, _ in header_pieces(met, 120)[0])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_why_a_study_is_paused_is_cut_to_the_room_that_there_is(tmp_path: Path, width: int) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3, state=StudyState.PAUSED))
    why = "5 trials in a row failed alike (exit code 1): RuntimeError: CUDA error: an illegal" * 2
    left, _ = header_pieces(replace(snapshot, study=replace(snapshot.study, reason=why)), width)
    assert left[2][0].startswith("5 trials in a row")
    assert left[2][0].endswith("…")
    assert width - 4 <= 2 + sum(fmt.width_of(text) + 2 for text, _ in left) <= width + 2
    assert (("R goes on", "dim") in left) == (width >= 80), "no runner lives"


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (160, "the budget is spent but for 0.25 (+ adds to it), which pays for nothing more"),
        (110, "the budget is spent but for 0.25 (+ adds to it)"),
        (100, "the budget is spent but for 0.25"),
        (90, "too little left"),
        (70, ""),
    ],
)
def test_why_a_study_is_over_is_told_as_far_as_there_is_room(
    tmp_path: Path, width: int, said: str
) -> None:
    snapshot = read_once(make_study(tmp_path, trials=9, running=0, state=StudyState.FINISHED))
    why = "the budget is spent but for 0.25, which pays for nothing more"
    over = replace(snapshot, study=replace(snapshot.study, reason=why))
    left, _ = header_pieces(over, width)
    assert sum(fmt.width_of(text) + 2 for text, _ in left) < width
    assert [text for text, tone in left if tone == "dim"] == ([said] if said else [])


def test_a_suspended_runner_is_told_whatever_else_the_study_says(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=2))
    snapshot = replace(snapshot, runner_pid=4711, suspended=True, eta=None)
    for state in (StudyState.RUNNING, StudyState.PAUSED):
        seen = replace(snapshot, study=replace(snapshot.study, state=state, reason="some reason"))
        left = [text for text, _ in header_pieces(seen, 120)[0]]
        assert "‖ suspended" in left
        assert "kill -CONT 4711 has its runner go on" in left
        assert not any("some reason" in text for text in left)
        assert "kill -CONT 4711 has its runner go on" in status_lines(seen)


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        ("GPU0 is in use by alice", "waits for a GPU"),
        ("every place of the Ray cluster is taken", "waits for a place"),
    ],
)
@pytest.mark.parametrize("suspended", [False, True])
def test_only_a_runner_that_goes_on_waits_for_a_gpu_or_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suspended: bool, waits: str, told: str
) -> None:
    study = make_study(tmp_path, trials=3)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.RUNNING)
    writer.put(KEY, waits)
    writer.close()
    monkeypatch.setattr(Pictures, "runner", lambda _: (4711, suspended))
    snapshot = read_once(study)
    left = [text for text, _ in header_pieces(snapshot, 80)[0]]
    assert (told in left) is not suspended
    assert ("kill -CONT 4711 has its runner go on" in left) is suspended
