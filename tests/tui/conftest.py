"""Canned studies, a fixed clock, and no trace of the user's own files."""

import math
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual import events
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.worker import Worker

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command, DeviceSample, Report, StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp

NOW = 1_790_000_000.0
TEXT = """\
[study]
name = "sparse-speech"
command = "python train.py --lr {lr} --epochs {epochs} --optimizer {optimizer}"
budget = 400
resume = true

[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[space.weight_decay]
type = "float"
low = 1e-6
high = 1e-2
log = true

[space.width]
type = "int"
low = 16
high = 512

[space.dropout]
type = "float"
low = 0.0
high = 0.7

[space.optimizer]
type = "categorical"
choices = ["sgd", "adam", "lion"]

[space.momentum]
type = "float"
low = 0.0
high = 0.99
when = { optimizer = ["sgd"] }

[[objective]]
metric = "accuracy"
direction = "maximize"
threshold = 0.9

[[objective]]
metric = "nonzero_weights"
direction = "minimize"
threshold = 40000
log = true

[[task]]
name = "15 epochs"
epochs = 15
cost = 0.25
[[task]]
name = "30 epochs"
epochs = 30
cost = 0.5
[[task]]
name = "60 epochs"
epochs = 60
cost = 1.0

[resources]
slots = 2
"""
TASKS = (("15 epochs", 0.25), ("30 epochs", 0.5), ("60 epochs", 1.0))


def make_trial(number: int, rng: np.random.Generator, running: int = 0) -> Trial:
    """A plausible trial; the last ``running`` of a study are given as running by the caller."""
    lr = float(10 ** rng.uniform(-4, -1))
    width = int(rng.integers(16, 513))
    dropout = float(rng.uniform(0, 0.7))
    optimizer = ("sgd", "adam", "lion")[int(rng.integers(3))]
    task, cost = TASKS[min(2, int(rng.exponential(0.8)))]
    params: dict[str, float | int | str | bool] = {
        "lr": lr,
        "weight_decay": float(10 ** rng.uniform(-6, -2)),
        "width": width,
        "dropout": dropout,
        "optimizer": optimizer,
    }
    if optimizer == "sgd":
        params["momentum"] = float(rng.uniform(0, 0.99))
    quality = 0.97 - 0.04 * (math.log10(lr) + 2.2) ** 2 - 0.05 * (dropout - 0.2) ** 2
    accuracy = float(np.clip(quality - 0.06 * (1 - cost) + rng.normal(0, 0.01), 0, 1))
    draw = rng.random()
    state = TrialState.COMPLETE
    if draw < 0.05:
        state = TrialState.FAILED
    elif draw < 0.15:
        state = TrialState.PRUNED
    metrics = {"accuracy": accuracy, "nonzero_weights": float(width * 180 + rng.integers(4000))}
    started = NOW - 40_000 + 3.0 * number
    return Trial(
        number=number,
        configuration=number,
        task=task,
        state=state,
        cost=cost,
        params=params,
        metrics={} if state is TrialState.FAILED else metrics,
        charged=cost,
        created=started,
        started=started,
        ended=started + 60 * cost,
        duration=60 * cost,
        device="cpu",
        exit_code=1 if state is TrialState.FAILED else 0,
        step=int(60 * cost),
        reason="CUDA out of memory" if state is TrialState.FAILED else "",
    )


_made: dict[tuple[str, int, int, str, StudyState], Path] = {}
"""Studies that are only copied: where each lies that was made before."""
_room: list[Path] = []
"""Where they are made."""


@pytest.fixture(scope="session", autouse=True)
def room(tmp_path_factory: pytest.TempPathFactory) -> None:
    _room.append(tmp_path_factory.mktemp("studies"))


_parsed: dict[tuple[object, ...], list[RuleSet]] = {}
"""Rules by their text, where it stands, and the colours of the theme."""


@pytest.fixture(scope="session", autouse=True)
def styles_are_read_once() -> Iterator[None]:
    """Have all apps share their rules: to read them took a tenth of the time of these tests.

    Textual keeps what it has parsed for each stylesheet apart, and offers no way to share it.
    """
    read = Stylesheet._parse_rules

    def parse_rules(sheet: Stylesheet, css: str, *where: Any, **more: Any) -> list[RuleSet]:
        key = (css, where, *more.values(), *sheet._variables.values())
        if key not in _parsed:
            _parsed[key] = read(sheet, css, *where, **more)
        return _parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_rules)
        yield


def make_study(
    home: Path,
    name: str = "sparse-speech",
    trials: int = 60,
    *,
    running: int = 2,
    text: str = TEXT,
    state: StudyState = StudyState.RUNNING,
) -> StudyFolder:
    """Make a study with ``trials`` trials, the last ``running`` of them running."""
    key = name, trials, running, text, state
    if key not in _made:
        place = _room[0] / f"{len(_made)}"
        folder = StudyFolder(place)
        _write_study(folder, name, trials, running=running, text=text, state=state)
        _made[key] = place
    return StudyFolder(Path(shutil.copytree(_made[key], home / ".hpo" / name)))


def _write_study(
    folder: StudyFolder, name: str, trials: int, *, running: int, text: str, state: StudyState
) -> None:
    folder.path.mkdir(parents=True)
    folder.file.write_text(text)
    writer = StudyWriter(folder.db)
    writer.create_study(name, text, 0)
    writer.declare(
        ("lr", "weight_decay", "width", "dropout", "optimizer", "momentum"),
        ("accuracy", "nonzero_weights"),
    )
    rng = np.random.default_rng(0)
    made = [make_trial(n, rng) for n in range(1, trials + 1)]
    writer.add_trials(made)
    for trial in made[trials - running :] if running else []:
        writer.update_trial(
            trial.number, state=TrialState.RUNNING, started=NOW - 12, ended=None, duration=None,
            exit_code=None,
        )  # fmt: skip
    for trial in made[:5] + made[max(5, trials - 3) :]:
        writer.add_reports(
            [
                Report(
                    trial.number,
                    s,
                    s,
                    {"accuracy": trial.metrics.get("accuracy", 0.5) * (1 - 0.6 ** (s + 1))},
                )
                for s in range(10)
            ]
        )
        files = folder.trial(trial.number)
        files.path.mkdir(parents=True)
        files.log.write_text("".join(f"epoch {s} accuracy={0.5 + s / 100}\n" for s in range(60)))
        os.utime(files.log, (NOW, NOW))
    writer.update_study(state=state, started=NOW - 40_000)
    if made:
        writer.add_event("promote", "trial 3 goes on at 60 epochs: second best of 9", 3)
        writer.add_event("failed", "trial 5 failed: CUDA out of memory", 5)
    writer.add_device_samples(
        [DeviceSample(NOW, "GPU0", "RTX 4090", 11 << 30, 24 << 30, 0.83, (59, 60), 1 << 30)]
        if made
        else []
    )
    writer.close()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORFGBG", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return make_study(tmp_path)


@pytest.fixture
def clock() -> Callable[[], float]:
    return lambda: NOW


async def until(pilot: Pilot[int], condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the app work until ``condition`` holds; fails when it does not in time.

    A screen is on top before its parts are there: these are waited for too.
    """
    deadline = time.monotonic() + seconds
    while not (condition() and pilot.app.screen.is_mounted):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain on {pilot.app.screen!r}")
        await pilot.pause(0.02)


def make_app(study: StudyFolder | None, home: Path | None = None, **options: Any) -> HpoApp:
    """The app on a study, or on the list of ``home``, with the fixed clock."""
    place = home if home is not None else (study.path.parent if study is not None else None)
    return HpoApp(place, study, clock=lambda: NOW, **options)


async def ready(pilot: Pilot[int]) -> None:
    """Wait until the study is on the screen."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    await until(pilot, lambda: app.live is not None and app.live.snapshot is not None)
    if not app.screen.has_class("-tiny"):
        await until(pilot, lambda: getattr(app.screen, "_furnished", True))
    await until(pilot, lambda: app._settling is None)
    await pilot.pause()


@asynccontextmanager
async def watching(
    study: StudyFolder | None,
    home: Path | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    notifications: bool = False,
    **options: Any,
) -> AsyncIterator[tuple[HpoApp, Pilot[int]]]:
    """The app in a terminal of ``size``, once its study is on the screen."""
    app = make_app(study, home, **options)
    async with app.run_test(size=size, notifications=notifications) as pilot:
        await ready(pilot)
        yield app, pilot


_LASTING = ("watcher", "log", "compare", "scan")
"""Threads that go on looking at a file for as long as their screen is there."""


async def settled(pilot: Pilot[int], seconds: float = 30.0) -> None:
    """Wait until keys are acted on, threads have done their work, and the picture stands still."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    deadline = time.monotonic() + seconds
    last, calm, works = list[str](), 0, list[Worker[Any]]()
    while calm < 3:
        if time.monotonic() > deadline:
            raise AssertionError(f"{app.screen!r} has not settled in {seconds} s: {works}")
        await pilot.pause(0.05)
        works = [w for w in app.workers if not w.is_finished and w.group not in _LASTING]
        waits = app._settling is not None or app._ahead or app._asides
        drawn = [strip.text for strip in app.screen._compositor.render_strips()]
        calm = calm + 1 if drawn == last and not (works or waits) else 0
        last = drawn


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the screens ask of a runner, which is a fake that agrees to everything."""
    from hpo_tui.engine import launch

    asked: list[tuple[str, dict[str, Any]]] = []

    def send(
        folder: StudyFolder, action: str, args: dict[str, Any] | None = None, timeout: float = 5.0
    ) -> Command:
        asked.append((action, dict(args or {})))
        return Command(len(asked), NOW, action, args or {}, NOW, NOW, True, f"{action}: done")

    def start(folder: StudyFolder, **_: Any) -> int:
        asked.append(("start", {}))
        return 4242

    def send_all(
        folder: StudyFolder, action: str, many: Sequence[dict[str, Any]], timeout: float = 5.0
    ) -> list[Command]:
        return [send(folder, action, args, timeout) for args in many]

    monkeypatch.setattr(launch, "send", send)
    monkeypatch.setattr(launch, "send_all", send_all)
    monkeypatch.setattr(launch, "start_runner", start)
    return asked


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every study have a living runner."""
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242)


def burst(pilot: Pilot[int], *keys: str) -> None:
    """Give keys as a slow line, or a paste, brings them: all before anything is handled."""
    for key in keys:
        character = key if len(key) == 1 else None
        pilot.app.post_message(events.Key({" ": "space"}.get(key, key), character))
