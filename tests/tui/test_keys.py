from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList, CommandPalette
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import SCOPES, action, actions_of, all_actions
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.keys import markdown, spell_keys
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.compare import Compare
from hpo_tui.tui.screens.compare_studies import CompareStudies
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.help import Help, key_table
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.key_bar import KeyBar
from tests.tui.conftest import make_app, make_study, ready, until, watching

TEXT_TAKEN = {"define.save", "dialog.take"}
LEAVING = {"app.leave", "app.suspend"}
FOCUSED = {"app.help", "app.palette"}
"""Keys of the whole app that look at what has the focus."""


def _anywhere(key: str) -> bool:
    """Whether it does the same whatever has the focus: it is about the app or the study."""
    return key.startswith(("app.", "study.")) and key not in FOCUSED


async def _open(pilot: Pilot[int], name: str) -> Screen[Any]:
    app = pilot.app
    assert isinstance(app, HpoApp)
    if name == "studies":
        await until(pilot, lambda: bool(app.screen.query("LineTable").first().display))
        return app.screen
    if name == "compare_studies":
        await until(pilot, lambda: bool(app.screen.query("LineTable").first().display))
        await pilot.press("equals_sign", "j", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, CompareStudies))
        await until(pilot, lambda: bool(app.screen.query("LineTable").first().display))
        return app.screen
    await ready(pilot)
    await pilot.press("j")
    kind: type[Screen[Any]] = Watch
    if name == "trials":
        await pilot.press("a")
        kind = Trials
    elif name == "trial":
        await pilot.press("enter")
        kind = TrialScreen
    elif name == "compare":
        await pilot.press("equals_sign", "j", "equals_sign")
        kind = Compare
    await until(pilot, lambda: isinstance(app.screen, kind))
    return app.screen


async def _return_to(pilot: Pilot[int], screen: Screen[Any]) -> None:
    app = pilot.app
    assert isinstance(app, HpoApp)
    for _ in range(6):
        if app.screen is screen:
            return
        app.pop_screen()
        await pilot.pause()
    raise AssertionError(f"cannot get back to {screen!r} from {app.screen!r}")


@pytest.mark.timeout(600)  # hundreds of keys, and each is waited for
@pytest.mark.parametrize(
    "name", ["studies", "watch", "trials", "trial", "compare", "compare_studies"]
)
async def test_every_key_on_every_screen(
    name: str, tmp_path: Path, sent: list[Any], runner: None
) -> None:
    study = make_study(tmp_path, trials=60)
    make_study(tmp_path, "other", 12)
    app = make_app(None if name.endswith("studies") else study, study.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await _open(pilot, name)

        def focusable() -> list[Widget]:
            return [w for w in screen.focus_chain if not isinstance(w, Input)]

        await until(pilot, lambda: bool(focusable()))
        done: set[str] = set()
        for widget in focusable():
            screen.set_focus(widget)
            await pilot.pause()
            for known, _, _ in key_table(screen):
                if known.id in done and _anywhere(known.id):
                    continue
                keys = [k for k, b in screen.active_bindings.items() if b.binding.id == known.id]
                if known.id in LEAVING or known.id == "screen.back" or not keys:
                    continue
                done.add(known.id)
                await pilot.press(keys[0])
                await pilot.pause()
                await _return_to(pilot, screen)
                if screen.focused is not widget and widget.display and widget.is_attached:
                    screen.set_focus(widget)
    assert app.return_code in (0, None)
    assert app._exception is None


async def test_help_lists_the_keys_of_the_focused_pane_and_says_why_not(
    study: StudyFolder,
) -> None:
    async with watching(study, readonly=True) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        text = str(app.screen.query_one("#help-keys").render())
        assert "kill" in text
        assert "read-only" in text
        await pilot.press(*"promote")
        text = str(app.screen.query_one("#help-keys").render())
        assert "promote" in text
        assert "kill" not in text
        await pilot.press("escape")
        assert isinstance(app.screen, Watch)


async def test_suspending_works_in_small_windows_and_leaves_a_text_its_undo(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended: list[str] = []
    monkeypatch.setattr(HpoApp, "do_app_suspend", lambda app: suspended.append(str(app.screen)))
    async with watching(study) as (app, pilot):
        for opened, kind in (("colon", CommandPalette), ("question_mark", Help)):
            await pilot.press(opened)
            await until(pilot, lambda: isinstance(app.screen, kind))  # noqa: B023 - waited for here
            await pilot.press("ctrl+z", "escape")
            await until(pilot, lambda: isinstance(app.screen, Watch))
        assert len(suspended) == 2
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.focused, TextArea))
        text = app.screen.query_one(TextArea)
        before = text.text
        await pilot.press("x")
        assert text.text != before
        await pilot.press("ctrl+z")
        assert (text.text, len(suspended)) == (before, 2)


def test_the_table_is_whole() -> None:
    ids = [a.id for a in all_actions()]
    assert len(ids) == len(set(ids))
    assert all(a.label and a.tooltip and a.keys for a in all_actions())
    assert {a.scope for a in all_actions()} <= set(SCOPES)
    for scope in SCOPES:
        keys = [k for a in actions_of(scope) for k in a.keys.split(",")]
        assert len(keys) == len(set(keys)), f"a key twice in {scope}"


def test_keys_of_one_screen_do_not_clash() -> None:
    for together in (("app", "screen", "watch", "study", "trial"), ("app", "studies")):
        keys = [k for s in together for a in actions_of(s) for k in a.keys.split(",")]
        twice = {k for k in keys if keys.count(k) > 1}
        assert not twice


def test_keys_are_plain() -> None:
    for found in all_actions():
        for key in found.keys.split(","):
            assert "alt+" not in key
            assert "super+" not in key
            assert key not in ("ctrl+s", "ctrl+a", "ctrl+b") or found.id in TEXT_TAKEN


def test_markdown_names_every_action() -> None:
    text = markdown()
    for found in all_actions():
        assert f"`{found.id}`" in text
    assert spell_keys("slash") == "/"
    assert spell_keys("colon,ctrl+p") == ": ^p"


async def test_a_remapped_key_acts_and_is_shown(
    study: StudyFolder, tmp_path: Path, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config" / "hpo-tui"
    folder.mkdir(parents=True)
    (folder / "keys.toml").write_text('"watch.trials" = "T"\n[trial]\nstar = "%"\nnosuch = "x"\n')
    app = make_app(study)
    assert any("nosuch" in f for f in app.settings.faults)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("a")
        assert isinstance(app.screen, Watch)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        await pilot.press("j", "%")
        await until(pilot, lambda: bool(sent))
        assert sent[0][0] == "star"
        assert any(k == "%" for a, k, _ in key_table(app.screen) if a is action("trial.star"))


async def test_a_key_that_cannot_act_says_why(study: StudyFolder, sent: list[Any]) -> None:
    async with watching(study, readonly=True) as (app, pilot):
        said = await _said(app, pilot, lambda: pilot.press("j", "asterisk"))
        assert "read-only" in said
        assert not sent


async def test_without_a_runner_kill_is_refused_with_the_way_out(
    study: StudyFolder, sent: list[Any]
) -> None:
    async with watching(study) as (app, pilot):
        said = await _said(app, pilot, lambda: pilot.press("j", "x"))
        assert "R starts one" in said
        assert not sent


async def _said(app: HpoApp, pilot: Pilot[int], act: Callable[[], Any]) -> str:
    await act()
    await until(pilot, lambda: bool(list(app._notifications)))
    return " ".join(n.message for n in app._notifications)


async def test_a_key_that_is_looked_for_in_the_help_is_in_sight(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))

        def lines() -> str:
            strips = app.screen._compositor.render_strips(app.size)
            return "\n".join("".join(s.text for s in strip) for strip in strips)

        await until(pilot, lambda: "Best metrics" in lines())
        await pilot.press(*"promote")
        await until(pilot, lambda: "Run it at a more expensive task" in lines())
        await pilot.press(*["backspace"] * 7)
        await until(pilot, lambda: "Best metrics" in lines())


async def test_the_palette_shows_the_keys_and_names_the_ids(
    study: StudyFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "config" / "hpo-tui"
    folder.mkdir(parents=True)
    (folder / "keys.toml").write_text('"trial.star" = ["%", "f5"]\n')
    async with watching(study) as (app, pilot):
        await pilot.press("j")
        commands = {c.title: c.help for c in app.get_system_commands(app.screen)}
        assert "(trial.star)" in commands["star   % F5"]
        assert "(app.leave)" in commands["quit   q ^q"]


async def test_the_palette_finds_what_cannot_act_and_says_why(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        commands = {c.title: c for c in app.get_system_commands(app.screen)}
        promote, pair = commands["promote   P"], commands["pair   m"]
        assert "not now: No trial is selected" in promote.help
        assert "Pareto: not now: Pareto is not visible: 2 shows it." in pair.help
        for command, reason in ((promote, "No trial is selected"), (pair, "2 shows it")):
            app.clear_notifications()
            command.callback()
            await until(pilot, lambda: bool(list(app._notifications)))
            assert reason in " ".join(n.message for n in app._notifications)


@pytest.mark.parametrize("typed", ["", "promo", "copy"])
async def test_the_palette_dims_what_cannot_act(study: StudyFolder, typed: str) -> None:
    async with watching(study, size=(120, 200)) as (app, pilot):
        await pilot.press("colon", *typed)
        await until(pilot, lambda: app.screen.has_class("-ready"))
        found = app.screen.query_one(CommandList)
        wanted = "enqueue copy   E" if typed == "copy" else "promote   P"
        await until(pilot, lambda: any(wanted in str(o.prompt) for o in found.options))
        dim = {}
        for option in found.options:
            content = option.prompt
            assert isinstance(content, Content)
            title, _, said = content.plain.partition("\n")
            dim[title] = any(s.style == "dim" for s in content.spans)
            assert dim[title] == ("not now:" in said), title
        assert dim[wanted]
        assert typed or not dim["help   ?"]


def _doers(screen: type[Room]) -> list[type]:
    return [screen, *screen.DEEDS]


@pytest.mark.parametrize("screen", [Watch, Trials, TrialScreen, Studies, DefineScreen])
def test_an_action_has_one_place_and_its_reason_stands_beside_it(screen: type[Room]) -> None:
    for kind in ("do_", "why_no_"):
        for doer in _doers(screen):
            for name in (n for n in dir(doer) if n.startswith(kind)):
                known = action(name.removeprefix(kind).replace("_", ".", 1))
                doing = f"do_{known.scope}_{known.name}"
                assert [d for d in _doers(screen) if hasattr(d, doing)] == [doer], name


@pytest.mark.parametrize("screen", [Watch, Trials, TrialScreen, Studies, DefineScreen])
def test_what_the_palette_lists_of_a_screen_the_screen_can_do(screen: type[Room]) -> None:
    for scope in screen.SCOPES:
        for found in actions_of(scope):
            doing = f"do_{scope}_{found.name}"
            known = any(hasattr(doer, doing) for doer in _doers(screen))
            assert known or found.name.startswith("tab_"), found.id
            assert not found.direct, found.id


async def test_the_palette_does_what_a_pane_in_sight_can(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        live = app.live
        assert live is not None
        await pilot.press("colon", *"brush")
        await until(pilot, lambda: getattr(app.screen, "_hit_count", 0) > 0)
        await pilot.press("enter")
        await until(pilot, lambda: bool(live.view.brushes))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("0", "b brush  c axes"),
        ("1", "m metric  c trial/cost"),
        ("2", "v partial tasks"),
        ("4", "v task"),
    ],
)
async def test_the_key_bar_begins_with_the_keys_of_the_chart_in_focus(
    study: StudyFolder, key: str, said: str
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press(key)
        bar = app.screen.query_one(KeyBar)
        await until(pilot, lambda: bar.render_line(0).text.strip().startswith(said))
        assert "? help" in bar.render_line(0).text


async def test_the_key_bar_fills_a_narrow_window(study: StudyFolder) -> None:
    async with watching(study, size=(40, 15)) as (app, pilot):
        bar = app.screen.query_one(KeyBar)
        said = "Enter open  ? help  : commands  q quit"
        await until(pilot, lambda: bar.render_line(0).text.strip() == said)
