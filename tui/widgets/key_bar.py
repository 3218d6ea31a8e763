"""The keys at the foot of a screen."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from hpo_tui.tui.actions import action
from hpo_tui.tui.keys import spell_key
from hpo_tui.tui.widgets.line import Line


class KeyBar(Line):
    """The keys that act here, most needed first; a click presses.

    What cannot act is dim. It is left out where there are no colours to tell it by, where the
    screen wants no more than ``sparse_keys``, and where the bar is too narrow for all.
    """

    PREFIX = "keys"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label", "keys--off"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[str, str, str, bool]] = []
        """Key as Textual names it, as shown, label, whether it can act."""

    def on_mount(self) -> None:
        """Follow the focus and whatever else changes the keys."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.renew())
        self.renew()

    def renew(self) -> None:
        """Ask the screen again which keys act."""
        keys = self._collect()
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _collect(self) -> list[tuple[str, str, str, bool]]:
        found: dict[str, tuple[int, str, str, str, bool]] = {}
        unavailable, focused = getattr(self.screen, "unavailable", None), self.screen.focused
        needed_now = getattr(self.screen, "needed_now", lambda _: 0)
        sparse = self.app.no_color or getattr(self.screen, "sparse_keys", False)
        for key, active in self.screen.active_bindings.items():
            id_ = active.binding.id
            said = spell_key(key)
            if not id_ or (id_ in found and len(said) >= len(found[id_][2])):
                continue
            if active.node is not focused and self._is_typed(said):
                continue
            try:
                known = action(id_)
            except KeyError:
                continue
            now = needed_now(known)
            if known.footer or now:
                can = active.enabled and not (unavailable and unavailable(known))
                if not can and sparse:
                    continue
                order = now or known.footer + (0 if active.node is focused else 20)
                found[id_] = (order, key, said, known.label, can)
        return [entry[1:] for entry in sorted(found.values(), key=lambda e: e[0])]

    def _is_typed(self, said: str) -> bool:
        """Whether a key is a character that the line in focus takes: Textual leaves some in."""
        focused = self.screen.focused
        return focused is not None and len(said) == 1 and focused.check_consume_key(said, said)

    def _places(self, width: int) -> list[tuple[str, str, str, bool, int]]:
        """Return what fits; help and quit keep their place at the end."""
        kept, used, keys = [], 1, self._keys
        if sum(map(_cells, keys)) > width:
            keys = [entry for entry in keys if entry[3]]
        last = [k for k in keys if k[2] in ("help", "commands", "quit")]
        reserve = sum(map(_cells, last))
        for entry in keys:
            if entry in last:
                continue
            need = _cells(entry)
            if used + need + reserve > width + 1:  # nothing follows the last: it needs no gap
                continue
            kept.append((*entry, used))
            used += need
        for entry in last:
            need = _cells(entry)
            if used + need <= width + 1:
                kept.append((*entry, used))
                used += need
        return kept

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        segments = [Segment(" ", self.rich_style)]
        for _, key, label, can, _ in self._places(width):
            segments.append(Segment(key, self.tone("key" if can else "off")))
            segments.append(Segment(f" {label}  ", self.tone("label" if can else "off")))
        return Strip(segments).adjust_cell_length(width, self.rich_style).simplify()

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        for key, shown, label, _, at in self._places(self.size.width):
            if at <= event.x < at + len(shown) + len(label) + 2:
                self.app.simulate_key(key)


def _cells(entry: tuple[str, str, str, bool]) -> int:
    """Return how many cells a key takes with its label and the gap behind it."""
    return len(entry[1]) + len(entry[2]) + 3
