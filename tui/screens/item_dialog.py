"""A small form over the editor: the keys of one parameter, metric, task or setting."""

from collections.abc import Callable, Mapping, Sequence
from functools import partialmethod
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from hpo_tui.tui.editor.fields import TYPE_KEYS, Field
from hpo_tui.tui.editor.values import read_value, show_field
from hpo_tui.tui.screens.dialogs import leave_asking
from hpo_tui.tui.screens.small_window import SmallWindow
from hpo_tui.tui.widgets.line_input import LineInput
from hpo_tui.tui.words.plain import plain

Values = dict[str, Any]
KEYS = "Enter  keep    Esc  cancel"


def _others(kind: str) -> frozenset[str]:
    """Return the keys that a parameter of a type does not have; none of a type that is unknown."""
    every = frozenset().union(*TYPE_KEYS.values())
    return every - TYPE_KEYS[kind] if kind in TYPE_KEYS else frozenset()


class ItemDialog(SmallWindow[Values]):
    """Asks for the fields of one item; the answer maps key to value, None where it was emptied.

    ``judge`` takes the values as they would be and the key that is being filled in, and returns
    what is wrong, of that key if anything is; empty when nothing is.
    ``fresh``: the item is new, and typing replaces the name that it was given.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel"),
        # Over a slow line keys come in bursts. What takes the values must not overtake what was
        # typed before it, so it has no priority; what chooses the field must come before what is
        # typed after it, so it has.
        Binding("ctrl+s", "accept", "keep"),
        Binding("down", "next_field", "next field", show=False, priority=True),
        Binding("up", "previous_field", "previous field", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    ItemDialog > Vertical { width: 76; max-width: 96%; height: auto; max-height: 100%;
        border: round $accent; background: $surface; padding: 0 1; }
    ItemDialog .title { text-style: bold; height: 1; }
    ItemDialog VerticalScroll { height: auto; }
    ItemDialog Horizontal { height: 1; }
    ItemDialog .label { width: 18; color: $text-muted; }
    ItemDialog Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $boost; }
    ItemDialog Input:focus { background: $primary 40%; }
    ItemDialog .hint { height: auto; min-height: 1; color: $text-muted; margin-top: 1; }
    ItemDialog.-low .hint { margin-top: 0; }
    ItemDialog .keys { height: auto; color: $text-muted; }
    ItemDialog .problem { height: auto; min-height: 1; max-height: 5; color: $text-error; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        values: Mapping[str, Any],
        judge: Callable[[Values, str], str],
        *,
        fresh: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = tuple(fields)
        self._before = {
            f.key: show_field(f, values[f.key]) if f.key in values else "" for f in self._fields
        }
        self._judge = judge
        self._fresh = fresh
        self._put_away: dict[int, str] = {}
        """What stood in fields that do not belong to the type, by number."""

    def compose(self) -> ComposeResult:
        """One line a field, what the focused one is for, and what is wrong."""
        with Vertical():
            yield Static(Text(plain(self._title)), classes="title")
            with VerticalScroll(can_focus=False):
                for n, field in enumerate(self._fields):
                    with Horizontal():
                        yield Static(Text(plain(field.key)), classes="label")
                        yield self._input(n, field)
            yield Static("", classes="hint")
            yield Static("", classes="problem")
            several = "    Up Down  field" if len(self._fields) > 1 else ""
            yield Static(KEYS + several, classes="keys", markup=False)

    def _input(self, n: int, field: Field) -> Input:
        choices = ("yes", "no") if field.kind == "flag" else field.choices
        return LineInput(
            self._before[field.key],
            placeholder="" if field.key in _others(self._before.get("type", "")) else field.unset,
            id=f"field-{n}",
            suggester=SuggestFromList(choices, case_sensitive=False) if choices else None,
            select_on_focus=False,
            compact=True,
        )

    def on_mount(self) -> None:
        """Say what is wrong from the beginning."""
        self._check()
        if self._fresh:
            self.query_one("#field-0", Input).select_all()

    def values(self) -> Values:
        """Return what differs from before: key to value, None where the field was emptied."""
        found: Values = {}
        for n, field in enumerate(self._fields):
            text = self.query_one(f"#field-{n}", Input).value
            if text.strip() != self._before[field.key].strip():
                found[field.key] = read_value(field, text)
        return found

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        number = int((event.input.id or "").removeprefix("field-"))
        if self._fields[number].key == "type" and event.value in TYPE_KEYS:
            self._fit(event.value)
        self._check()

    def _fit(self, kind: str) -> None:
        """Empty the fields that no parameter of this type has; fill in again what it has."""
        others = _others(kind)
        for n, field in enumerate(self._fields):
            line = self.query_one(f"#field-{n}", Input)
            line.placeholder = "" if field.key in others else field.unset
            if field.key in others and line.value:
                self._put_away[n], line.value = line.value, ""
            elif field.key not in others and n in self._put_away and not line.value:
                line.value = self._put_away.pop(n)

    def _check(self) -> None:
        number = self._focused_field()
        key = self._fields[number].key if number is not None else ""
        self.query_one(".problem", Static).update(Text(plain(self._judge(self.values(), key))))

    def on_descendant_focus(self) -> None:
        """Say what the focused field is for."""
        number = self._focused_field()
        if number is None:
            return
        field = self._fields[number]
        choices = ("yes", "no") if field.kind == "flag" else field.choices
        allowed = f"  ({', '.join(choices)}; → completes)" if choices else ""
        allowed += f": {field.example}" if field.example else ""
        self.query_one(".hint", Static).update(Text(field.hint + allowed))
        self._check()

    def _focused_field(self) -> int | None:
        focused = self.focused
        if isinstance(focused, Input) and (focused.id or "").startswith("field-"):
            return int((focused.id or "").removeprefix("field-"))
        return None

    def _go(self, by: int) -> None:
        at = self._focused_field()
        to = 0 if at is None else (at + by) % len(self._fields)
        self.set_focus(self.query_one(f"#field-{to}", Input))  # at once: focus() waits its turn

    action_next_field = partialmethod(_go, 1)
    action_previous_field = partialmethod(_go, -1)

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Keep what was typed; what is wrong with it stays marked in the form."""
        self.dismiss(self.values())

    def action_cancel(self) -> None:
        """Leave everything as it was; what was typed is asked about."""
        typed = ", ".join(self.values())
        if typed:
            detail = "It would not be added." if self._fresh else "It stays as it was."
            leave_asking(self, f"Discard what you typed ({typed})?", detail)
        else:
            self.dismiss(None)
