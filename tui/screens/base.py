"""What all screens share: actions by the table, and a reason for every key that cannot act."""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.binding import BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen

from hpo_tui.tui.actions import Action, action, bindings
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.study_app import StudyApp

DeedsT = TypeVar("DeedsT")


class Room(Screen[None]):
    """A screen whose keys are actions of the table: ``scope.name`` calls ``do_scope_name``.

    It is a method of the screen itself, or of one of its ``DEEDS``.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("screen")]
    HELP: ClassVar[str] = ""
    SCOPES: ClassVar[tuple[str, ...]] = ("screen",)
    """Scopes of the table that act here, for the help and the palette."""
    DEEDS: ClassVar[tuple[type[Any], ...]] = ()
    """Classes with actions of one topic each; the screen holds an object of each, made with it."""
    PANES: ClassVar[tuple[str, ...]] = ()
    """Scopes of the charts that can be shown here, for the palette: ids of their widgets too."""

    @property
    def hpo(self) -> "StudyApp":
        """The app, with all that a screen may ask of it."""
        return cast("StudyApp", self.app)

    @property
    def sparse_keys(self) -> bool:
        """Whether the key bar shows nothing but what can act now."""
        return False

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done at this moment, empty when it can."""
        if wanted.write and self.hpo.readonly:
            return "The app is read-only (--readonly): nothing is changed."
        return ""

    async def action_do(self, id_: str) -> None:
        """Do an action of the table, or say why it cannot be done."""
        wanted = action(id_)
        reason = self.unavailable(wanted)
        if wanted.at_once and self.hpo.in_a_jumble:
            said = f"{wanted.label} came amid other keys, as in a paste"
            reason = f"Not done: {said}. Press it alone."
        if reason:
            self.say(reason, "warning")
            return
        result = self.method("do", wanted)()
        if inspect.isawaitable(result):
            await result

    @cached_property
    def _deeds(self) -> tuple[Any, ...]:
        return tuple(kind(self) for kind in self.DEEDS)

    def deeds(self, kind: type[DeedsT]) -> DeedsT:
        """Return the deeds of one kind that the screen holds."""
        return next(held for held in self._deeds if isinstance(held, kind))

    def method(self, kind: str, wanted: Action) -> Any:
        """Return the method ``kind_scope_name`` of an action, None where nobody has one."""
        name = f"{kind}_{wanted.scope}_{wanted.name}"
        doers = (self, *self._deeds)
        return next((getattr(doer, name) for doer in doers if hasattr(doer, name)), None)

    def say(self, text: str, severity: SeverityLevel = "information", title: str = "") -> None:
        """Show a short message that goes away by itself; markup in it is text."""
        self.app.notify(plain(text), title=title, severity=severity, markup=False)

    def confirm(
        self, then: Callable[[], None], question: str, detail: str = "", name: str = ""
    ) -> None:
        """Ask, and call ``then`` on a yes; where there is a ``name``, it has to be typed for it."""
        from hpo_tui.tui.screens.dialogs import Confirm

        Confirm(question, detail, name).ask(self.app, lambda _: then())

    def may_leave(self, leave: Callable[[], None]) -> None:
        """Call ``leave``, unless something would be lost by it that is to be asked about first."""
        leave()

    def do_screen_back(self) -> None:
        """Leave the screen."""
        self.hpo.go_back()
