"""What was measured long ago is not shown as if it were of now."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import CPU, DeviceSample
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.cli.summary import progress_line
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.tables.study_rows import StudyRows
from hpo_tui.tui.watching.silence import SILENT_SECONDS
from hpo_tui.tui.watching.snapshot import STALE_SECONDS, Snapshot
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.watching.watcher import StudyWatcher, read_once
from hpo_tui.tui.widgets.devices import Devices
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.fmt import clock
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.listed_why import why_lines
from hpo_tui.tui.words.status_lines import status_lines
from tests.tui.conftest import NOW, make_study, settled, until, watching


@pytest.mark.usefixtures("runner")
def test_samples_are_of_now_for_some_seconds(study: StudyFolder) -> None:
    assert read_once(study, lambda: NOW + 3).measured
    assert read_once(study, lambda: NOW + STALE_SECONDS + 1).measured == ()


async def test_without_a_runner_header_and_pane_show_nothing_as_measured(
    study: StudyFolder,
) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("8")
        await until(pilot, lambda: app.live is not None and app.live.snapshot is not None)
        await settled(pilot)
        lines = app.screen._compositor.render_strips()
        assert "GPU0" not in lines[0].text
        pane = app.screen.query_one(Devices)
        said = " ".join(pane.render_line(y).text.strip() for y in range(pane.size.height))
        assert "The study is not running: nothing is measured now." in said
        assert "#59" not in said.partition("when trials ran")[0]


@pytest.mark.usefixtures("runner")
async def test_with_a_runner_they_do(study: StudyFolder) -> None:
    async with watching(study, size=(140, 40)) as (app, pilot):
        await pilot.press("8")
        await settled(pilot)
        assert "GPU0 83%" in app.screen._compositor.render_strips()[0].text
        pane = app.screen.query_one(Devices)
        assert "#59 30%, #60 60%" in pane.render_line(0).text


@pytest.mark.usefixtures("runner")
def test_a_runner_that_falls_silent_is_noticed(study: StudyFolder) -> None:
    now = [NOW]
    seen: list[Snapshot] = []
    fresh, faded = threading.Event(), threading.Event()

    def deliver(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        (fresh if snapshot.measured else faded).set()

    watcher = StudyWatcher(study, deliver, lambda _: None, lambda: now[0])
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert fresh.wait(60)
        now[0] += STALE_SECONDS + 1
        assert faded.wait(60)
    finally:
        watcher.stop()
        thread.join()
    assert len(seen) == 2


async def test_a_processor_is_not_offered_to_be_lent(tmp_path: Path, runner: None) -> None:
    study = make_study(tmp_path, trials=12)
    writer = StudyWriter(study.db)
    writer.add_device_samples([DeviceSample(NOW, CPU, "CPU 8 cores", 1 << 30, 2 << 30, 0.5)])
    writer.close()
    async with watching(study) as (app, pilot):
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        rows = app.screen.query_one(LineTable).rows
        assert [rows.cells(n)[0][0].split()[0] for n in range(len(rows))] == ["GPU0", "GPU0"]


@pytest.fixture
def began(study: StudyFolder, runner: None) -> None:
    """The runner began before it took the last measurements."""
    study.lock.touch()
    os.utime(study.lock, (NOW - 60, NOW - 60))


@pytest.mark.usefixtures("began")
def test_of_a_runner_that_writes_nothing_only_its_last_words_are_known(study: StudyFolder) -> None:
    last = max(d.time for d in read_once(study, lambda: NOW).devices)
    writes = read_once(study, lambda: last + SILENT_SECONDS - 1)
    assert "nothing written" not in "".join(status_lines(writes))
    assert writes.eta is not None
    silent = read_once(study, lambda: last + SILENT_SECONDS + 1)
    assert silent.eta is None
    stand, told = (text for text, _ in header_pieces(silent, 80)[0][1:3])
    assert stand == "? running"
    assert told == f"nothing written since {clock(last, NOW)}"
    assert told in progress_line(silent)
    assert told not in progress_line(writes)
    assert any(told in line and "study.db locked" in line for line in status_lines(silent, 200))
    os.utime(study.lock, (NOW + 60, NOW + 60))  # by the present runner, which has not measured yet
    assert not read_once(study, lambda: last + SILENT_SECONDS + 1).silent


@pytest.mark.usefixtures("began")
def test_that_a_runner_writes_nothing_is_noticed_while_it_is_watched(study: StudyFolder) -> None:
    now = [NOW]
    seen, silent = threading.Event(), threading.Event()
    watcher = StudyWatcher(
        study,
        lambda picture: (silent if picture.silent else seen).set(),
        lambda _: None,
        lambda: now[0],
    )
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert seen.wait(60)
        now[0] += SILENT_SECONDS + 1
        assert silent.wait(60)
    finally:
        watcher.stop()
        thread.join()


@pytest.mark.usefixtures("began")
def test_the_list_says_since_when_a_runner_has_written_nothing(study: StudyFolder) -> None:
    last = max(d.time for d in read_once(study, lambda: NOW).devices)
    now = [last + SILENT_SECONDS - 1]
    with closing(StudyList(study.path.parent, lambda: now[0])) as studies:
        [summary] = studies.read()
        assert (summary.silent, why_lines(summary, 200, 2)) == ("", [])
        assert StudyRows([summary], NOW, 120).cells(0)[1] == ("● running", "good")
        now[0] += 2  # no file has changed
        [silent] = studies.read()
        assert studies.read() == [silent]
        told = f"nothing written since {clock(last, NOW)}"
        short = f"? silent since {clock(last, NOW)}"
        assert StudyRows([silent], NOW, 120).cells(0)[1] == (short, "warn")
        [line] = why_lines(silent, 200, 2)
        assert line.startswith(f"? running: {told}: another program may keep study.db locked")
        writer = StudyWriter(study.db)
        writer.add_device_samples([DeviceSample(now[0], "GPU0", "RTX", 1 << 30, 2 << 30, 0.5)])
        writer.close()
        assert not studies.read()[0].silent


@pytest.mark.usefixtures("began")
async def test_the_list_on_the_screen_says_so_while_it_is_looked_at(study: StudyFolder) -> None:
    now = [NOW]
    app = HpoApp(study.path.parent, None, clock=lambda: now[0])
    async with app.run_test(size=(80, 24)) as pilot:

        def lines() -> str:
            strips = app.screen._compositor.render_strips(app.size)
            return "\n".join("".join(s.text for s in strip) for strip in strips)

        await until(pilot, lambda: "● running" in lines())
        now[0] += SILENT_SECONDS + 1
        await until(pilot, lambda: "? silent since" in lines())
        said = f"? running: nothing written since {clock(NOW, NOW)}: another program"
        await until(pilot, lambda: said in lines())
