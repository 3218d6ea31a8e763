"""GPUs are called GPU0, GPU1 …, though a study's file has their UUIDs."""

import numpy as np

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import DeviceSample
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.watching.device_names import NamedFrames, called, labels, named
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.devices import Devices
from tests.tui.conftest import NOW, settled, watching

A, B = "GPU-aaaaaaaa-1111-2222-3333-444444444444", "GPU-bbbbbbbb-1111-2222-3333-444444444444"
MIG = "MIG-cccccccc-1111-2222-3333-444444444444"
SAMPLES = (
    DeviceSample(NOW, A, "GPU0 NVIDIA H100", 1, 2, 0.5),
    DeviceSample(NOW, B, "GPU1 NVIDIA H100", 1, 2, 0.5),
    DeviceSample(NOW, MIG, "GPU2.1 NVIDIA A100 MIG 1g", 1, 2, 0.5),
    DeviceSample(NOW, "cpu", "CPU 8 cores", 1, 2, 0.5),
)


def test_a_uuid_is_called_by_its_label_several_by_all_of_theirs() -> None:
    names = labels(SAMPLES)
    assert called(A, names) == "GPU0"
    assert called(f"{B},{A}", names) == "GPU1,GPU0"
    assert called(MIG, names) == "GPU2.1"
    assert called("cpu:3", names) == "cpu:3"


def test_of_a_uuid_that_nobody_knows_the_beginning_is_shown() -> None:
    assert called(A, {}) == "GPU-aaaaaaaa"
    assert called("GPU7", {}) == "GPU7"
    assert called("", {}) == ""


def test_a_sample_has_its_label_and_its_model() -> None:
    assert [(s.device, s.name) for s in named(reversed(SAMPLES))] == [
        ("cpu", "CPU 8 cores"),
        ("GPU0", "NVIDIA H100"),
        ("GPU1", "NVIDIA H100"),
        ("GPU2.1", "NVIDIA A100 MIG 1g"),
    ]


def test_the_same_frame_stays_the_same(study: StudyFolder) -> None:
    with StudyReader(study.db) as reader:
        frame = reader.frame()
    frames = NamedFrames()
    frame.device[:] = A
    once = frames.of(frame, {A: "GPU0"})
    assert set(once.device.tolist()) == {"GPU0"}
    assert frames.of(frame, {A: "GPU0"}) is once  # nothing is drawn anew for it
    assert set(frames.of(frame, {A: "GPU1"}).device.tolist()) == {"GPU1"}
    frame.device[:] = "cpu:0"
    assert NamedFrames().of(frame, {A: "GPU0"}) is frame


async def test_header_filter_and_pane_say_the_label(study: StudyFolder, runner: None) -> None:
    writer = StudyWriter(study.db)
    writer.add_device_samples(SAMPLES[:2])
    writer.update_trial(60, device=B)
    writer.close()
    snapshot = read_once(study, lambda: NOW)
    row = snapshot.frame.index(60)
    assert snapshot.frame.device[row] == "GPU1"
    async with watching(study, size=(140, 40)) as (app, pilot):
        await pilot.press("8")
        await settled(pilot)
        shown = "\n".join(line.text for line in app.screen._compositor.render_strips())
        assert "GPU1 50%" in shown
        pane = app.screen.query_one(Devices)
        assert [pane.render_line(y).text[:6] for y in range(3)] == [" GPU0 ", " GPU0 ", " GPU1 "]
        assert "aaaaaaaa" not in shown
        await pilot.press("slash", *"device='GPU1'", "enter")
        await settled(pilot)
        assert app.live is not None
        assert app.live.view.mask is not None
        assert np.flatnonzero(app.live.view.mask).tolist() == [row]
