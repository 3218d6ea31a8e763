"""A brush holds the same trials after an edit of the study as before it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.brush import brush_mask
from hpo_tui.tui.charts.carried_brushes import carried
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Brush, Snapshot

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


def edited(spec: StudySpec, name: str, **changes: Any) -> StudySpec:
    space = [replace(p, **changes) if p.name == name else p for p in spec.space]
    return replace(spec, space=tuple(space))


def frozen(spec: StudySpec, name: str) -> StudySpec:
    kept = Parameter(name, ParameterKind.FIXED, value=5)
    return replace(spec, space=tuple(kept if p.name == name else p for p in spec.space))


@pytest.mark.parametrize(
    ("name", "brush", "choices"),
    [
        ("opt", (1.0, 1.0), ("adam",)),
        ("opt", (1.0, 2.0), ("adam", "lion")),
        ("opt", (0.0, 1.0), ("rmsprop", "sgd", "adam", "lion")),
        ("batch", (2.0, 2.0), (64, 128)),
        ("batch", (0.0, 1.0), (16, 32, 64, 128, 256)),
    ],
)
def test_a_brush_on_choices_stays_on_these_choices(
    make_frame: Frames, spec: StudySpec, name: str, brush: Brush, choices: tuple[Any, ...]
) -> None:
    frame, after = make_frame(100), edited(spec, name, choices=choices)
    before = brush_mask(frame, spec, {f"p:{name}": brush})
    found = carried({f"p:{name}": brush}, (frame, spec), (frame, after))
    mask = brush_mask(frame, after, found)
    assert before is not None
    assert mask is not None
    assert before.any()
    assert np.array_equal(before, mask)
    assert not carried({f"p:{name}": brush}, None, (frame, after))


def test_a_brush_goes_where_it_cannot_stay(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(100)
    brushes = {"p:depth": (5.0, 5.0), "p:opt": (0.0, 1.0), "m:acc": (0.9, 1.0), "task": (2.0, 2.0)}
    after = edited(frozen(spec, "depth"), "opt", choices=("sgd", "lion", "adam"))
    kept = carried(brushes, (frame, spec), (frame, after))
    assert kept == {"m:acc": (0.9, 1.0), "task": (2.0, 2.0)}  # sgd and adam are no range now
    assert carried(brushes, None, (frame, after)) == {"m:acc": (0.9, 1.0)}


def opened(tmp_path: Path) -> LiveStudy:
    return LiveStudy(StudyFolder(tmp_path), lambda _: None, lambda *_: None, time.time)


def test_the_view_follows_an_edit(
    make_frame: Frames, spec: StudySpec, snapshot_of: Snapshots, tmp_path: Path
) -> None:
    first = snapshot_of(make_frame(100))
    after = edited(frozen(spec, "depth"), "opt", choices=("adam", "lion"))
    study = replace(first.study, revision=2)
    second = replace(first, spec=after, study=study)
    live = opened(tmp_path)
    live.take(first)
    live.set_brushes({"p:depth": (5.0, 5.0), "p:opt": (1.0, 1.0), "p:lr": (1e-3, 1e-2)})
    live.take(second)
    assert live.view.brushes == {"p:opt": (0.0, 0.0), "p:lr": (1e-3, 1e-2)}
    assert live.view.mask is not None
    assert live.view.mask.any()


@pytest.mark.parametrize(("edits", "kept"), [(0, {"p:opt", "p:lr"}), (1, {"p:lr"})])
def test_a_remembered_view_knows_which_study_it_is_of(
    make_frame: Frames, snapshot_of: Snapshots, tmp_path: Path, edits: int, kept: set[str]
) -> None:
    snapshot = snapshot_of(make_frame(100))
    live, later = opened(tmp_path), opened(tmp_path)
    live.take(snapshot)
    live.set_brushes({"p:opt": (1.0, 1.0), "p:lr": (1e-3, 1e-2)})
    later.memory = live.remembered()
    later.recall()
    study = replace(snapshot.study, revision=snapshot.study.revision + edits)
    later.take(replace(snapshot, study=study))
    assert set(later.view.brushes) == kept
