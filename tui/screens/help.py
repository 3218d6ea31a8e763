"""Help: what the focused pane shows, its keys, then the keys of the screen and everywhere."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Input, Markdown, Static

from hpo_tui.tui.actions import SCOPES, Action, actions_of, bindings
from hpo_tui.tui.keys import spell_key
from hpo_tui.tui.panes import focused_scopes
from hpo_tui.tui.screens.scrolled import ScrolledWindow
from hpo_tui.tui.words.plain import fit


class Help(ScrolledWindow[None]):
    """The help of one screen as it is at this moment; typing narrows the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below

    def compose(self) -> ComposeResult:
        """Lay out the texts and the keys."""
        with VerticalScroll(classes="help-box", can_focus=False):
            wide = self.app.size.width >= 60
            what = "find a key or what it does" if wide else "find"
            line = Input(placeholder=f"type to {what}; Esc closes")
            line.cursor_blink = False
            yield line
            for text in self._texts():
                yield Markdown(text)
            yield Static(self._keys(""), id="help-keys", markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def _texts(self) -> list[str]:
        focused = self._below.focused
        texts = [getattr(n, "HELP", "") or "" for n in (focused, self._below) if n is not None]
        return [t for t in dict.fromkeys(texts) if t]

    def _keys(self, wanted: str) -> str:
        """Return the keys that act below, by scope; what cannot act says why."""
        lines: list[str] = []
        rows = key_table(self._below)
        for scope in self._scopes():
            heading = SCOPES[scope]
            found = [(a, keys, why) for a, keys, why in rows if a.scope == scope]
            found = [r for r in found if wanted in f"{r[1]} {r[0].label} {r[0].tooltip}".lower()]
            if not found:
                continue
            lines += ["", heading]
            for known, keys, why in found:
                text = known.tooltip + (f"   (not now: {why})" if why else "")
                lines.append(f"  {fit(keys, 12)} {fit(known.label, 15)} {text}")
        return "\n".join(lines) if lines else "\nNo key does that here."

    def _scopes(self) -> list[str]:
        """Return the scopes, those of the focused pane first and what holds everywhere last."""
        own = focused_scopes(self._below)
        last = {"app": 2, "screen": 1}
        return sorted(SCOPES, key=lambda s: (s not in own, last.get(s, 0)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the keys, in the place of the texts above them."""
        event.stop()
        wanted = event.value.strip().lower()
        for text in self.query(Markdown):
            text.display = not wanted
        self.query_one("#help-keys", Static).update(self._keys(wanted))


def key_table(screen: Screen[Any]) -> list[tuple[Action, str, str]]:
    """Return (action, its keys as spelled, why it cannot act) for what acts on ``screen``."""
    keys: dict[str, list[str]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.id:
            keys.setdefault(active.binding.id, []).append(spell_key(key))
    unavailable = getattr(screen, "unavailable", None)
    found: list[tuple[Action, str, str]] = []
    for scope in SCOPES:
        if not any(id_.startswith(f"{scope}.") for id_ in keys):
            continue
        for known in actions_of(scope):
            if known.id in keys:
                why = unavailable(known) if unavailable else ""
                found.append((known, " ".join(keys[known.id]), why))
    return found
