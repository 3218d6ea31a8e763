"""Fewer bytes show the same: frames are compared on a terminal of a few lines of code."""

import random
import re

import pytest
from textual.events import Resize
from textual.geometry import Size

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.changed_cells import ChangedCells
from hpo_tui.tui.screens.watch import Watch
from tests.tui.conftest import until, watching

SIZE = 12, 4
Cell = tuple[str, str, str, frozenset[str]]


class Shown:
    """What a terminal shows: characters with their colours; knows what frames consist of."""

    def __init__(self, columns: int, rows: int) -> None:
        empty: Cell = (" ", "", "", frozenset())
        self.cells = {(y, x): empty for y in range(1, rows + 1) for x in range(1, columns + 1)}
        self.columns = columns
        self.at = 1, 1
        self._style: dict[str, str] = {}

    def feed(self, data: str) -> None:
        for place, column, style, text in re.findall(
            r"\x1b\[(\d+;\d+)H|\x1b\[(\d+)G|\x1b\[([\d;]*m)|([^\x1b\n]+)", data
        ):
            if place:
                self.at = int(place.split(";")[0]), int(place.split(";")[1])
            elif column:
                self.at = self.at[0], int(column)
            elif style:
                self._wear(style[:-1])
            for sign in text:
                self.cells[self.at] = self._cell(sign)
                self.at = self.at[0], min(self.at[1] + 1, self.columns)

    def _wear(self, style: str) -> None:
        for part in re.findall(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+", style or "0"):
            if part == "0":
                self._style.clear()
            elif part in ("39", "49"):
                self._style.pop(part[0], None)
            else:
                coloured = re.match(r"[34]8;|[34]\d$", part)
                self._style[part[0] if coloured else f"on {part}"] = part

    def _cell(self, sign: str) -> Cell:
        rest = frozenset(part for key, part in self._style.items() if key.startswith("on"))
        seen = sign != " " or bool(rest & {"4", "7"})
        letters = self._style.get("3", "") if seen else ""
        return sign, letters, self._style.get("4", ""), rest if seen else frozenset()


def _frame(rng: random.Random) -> str:
    styles = ("", "1", "7", "31", "31;1", "38;5;200", "38;5;200;48;5;2", "48;2;1;2;3", "1;4;42")
    out = ""
    for line in sorted(rng.sample(range(1, 5), rng.randint(1, 4))):
        column = rng.randint(1, 6)
        out += f"\x1b[{line};{column}H"
        while column <= SIZE[0]:
            text = "".join(rng.choices(" ab─⣿", k=rng.randint(1, 13 - column)))
            style = rng.choice(styles)
            out += f"\x1b[{style}m{text}\x1b[0m" if style else text
            column += len(text)
        out += "\n"
    return out + f"\x1b[{rng.randint(1, 4)};{rng.randint(1, 12)}H"


@pytest.mark.parametrize("seed", range(5))
def test_what_is_seen_is_the_same_after_every_frame(seed: int) -> None:
    rng = random.Random(seed)
    changed, plain, spared = ChangedCells(), Shown(*SIZE), Shown(*SIZE)
    changed.forget(SIZE)
    for _ in range(300):
        frame = _frame(rng)
        plain.feed(frame)
        spared.feed(changed.spare(frame))
        assert spared.cells == plain.cells
        assert spared.at == plain.at


def _line(text: str, line: int = 1) -> str:
    return f"\x1b[{line};1H\x1b[31;44m{text}\x1b[0m\x1b[1;1H"


def test_only_what_has_changed_is_sent() -> None:
    changed = ChangedCells()
    changed.forget((40, 4))
    changed.spare(_line("a" * 30))
    assert changed.spare(_line("a" * 30)) == ""
    assert changed.spare(_line("a" * 20 + "b" + "a" * 9)) == "\x1b[21G\x1b[31;44mb\x1b[1G\x1b[m"


@pytest.mark.parametrize(
    "other",
    [
        "\x1b[2J",  # what it did to the cells is not known
        "\x1b[?1049h",
        "\x1b[9;1Hbelow the last line\x1b[1;1H",
        "\x1b[1;30Hover the right edge\x1b[1;1H",
    ],
)
def test_what_is_no_frame_goes_as_it_is_and_all_is_drawn_anew_after_it(other: str) -> None:
    changed = ChangedCells()
    changed.forget((40, 4))
    changed.spare(_line("abc"))
    assert changed.spare(other) == other
    assert "abc" in changed.spare(_line("abc"))


def test_a_title_or_the_bell_changes_nothing_on_the_screen() -> None:
    changed = ChangedCells()
    changed.forget((40, 4))
    changed.spare(_line("abc"))
    for other in ("\x1b]2;a title\x07", "\x07", "\x1b[?2026h"):
        assert changed.spare(other) == other
    assert changed.spare(_line("abc")) == ""


def test_all_is_drawn_anew_in_another_size() -> None:
    changed = ChangedCells()
    changed.forget((40, 4))
    changed.spare(_line("abc"))
    changed.forget((30, 4))
    assert "abc" in changed.spare(_line("abc"))


def test_signs_of_two_cells_and_what_they_cover_are_always_sent() -> None:
    changed = ChangedCells()
    changed.forget((40, 4))
    for _ in range(2):
        assert "日本" in changed.spare(_line("日本"))
    assert "abcd" in changed.spare(_line("abcd"))


async def test_a_row_further_costs_a_tenth(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        assert isinstance(app.screen, Watch)
        changed = ChangedCells()
        changed.forget((120, 40))

        def picture() -> str:
            update = app.screen._compositor.render_full_update()
            return update.render_segments(app.console) + "\x1b[1;1H"

        changed.spare(picture())
        await pilot.press("down")
        await pilot.pause()
        whole = picture()
        assert 0 < len(changed.spare(whole)) < len(whole) / 10


async def test_all_of_another_screen_is_drawn(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what another program has written over the picture would stay."""
    async with watching(study, size=(100, 30)) as (app, pilot):
        told: list[tuple[int, int]] = []
        monkeypatch.setattr(app._driver, "resized", told.append, raising=False)
        await pilot.press("question_mark")
        await until(pilot, lambda: len(app.screen_stack) > 2)
        assert told == [(100, 30)]
        await pilot.press("escape")
        await until(pilot, lambda: len(told) == 2)


def _watch_terminal(app: HpoApp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what will be sent to the terminal from now on; it is the driver's that does it."""
    terminal, sent = ChangedCells(), list[str]()
    monkeypatch.setattr(app._driver, "resized", terminal.forget, raising=False)
    monkeypatch.setattr(app._driver, "write", lambda data: sent.append(terminal.spare(data)))
    monkeypatch.setattr(HpoApp, "is_headless", False)
    return sent


async def test_a_key_draws_the_whole_screen_again_also_over_a_question_and_while_text_is_typed(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(study, size=(100, 30)) as (app, pilot):
        with monkeypatch.context() as patch:
            sent = _watch_terminal(app, patch)
            for keys in ((), ("slash", "l"), ("escape", "X")):
                await pilot.press(*keys)
                await pilot.pause()
                sent.clear()
                await pilot.press("ctrl+l")
                await until(pilot, lambda: sum(map(len, sent)) > 100 * 30)


async def test_all_is_drawn_anew_in_a_window_that_has_its_old_size_again(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been smaller, too shortly to be noticed, and has cut the picture off."""
    async with watching(study, size=(100, 30)) as (app, pilot):
        with monkeypatch.context() as patch:
            sent = _watch_terminal(app, patch)
            for sizes in ([(100, 30)], [(60, 18), (100, 30)]):
                sent.clear()
                for size in sizes:
                    app.post_message(Resize(Size(*size), Size(*size)))
                await until(pilot, lambda: sum(map(len, sent)) > 100 * 30)
