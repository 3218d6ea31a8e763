"""The panes of the Watch screen: where each is defined, and when it has to be drawn anew.

They are imported when they are first shown: numpy and plotext cost more than the first frame may.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from textual.screen import Screen
from textual.widget import Widget

from hpo_tui.tui.actions import CHARTS, bindings
from hpo_tui.tui.watching.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Place:
    """A pane: its name, its heading, its class, and what it depends on besides the view."""

    name: str
    label: str
    module: str
    cls: str
    depends: Callable[[Snapshot], tuple[Any, ...]] = lambda s: (s.frame, s.spec)
    every: float = 2.0
    """Seconds between two drawings for new data alone."""
    short: str = ""
    """The heading of a tab where there is little room."""


def _chart(name: str, label: str, cls: str, short: str = "") -> Place:
    return Place(name, label, CHARTS[name], cls, short=short)


PARALLEL = _chart("parallel", "parallel coordinates", "ParallelCoordinates")
COST_BAR = Place(
    "cost_bar",
    "cost",
    CHARTS["cost_bar"],
    "CostBar",
    lambda s: (s.frame, s.spec, s.spent, s.eta),
    1.0,
)
BEST = Place(
    "best_table",
    "best metrics",
    "hpo_tui.tui.widgets.best_table",
    "BestTable",
    # While it has no rows it says what hinders the first one.
    lambda s: (
        s.frame,
        s.spec,
        s.runner_pid,
        s.study.state,
        s.study.reason,
        s.waits,
        s.edited,
        s.short,
    ),
    1.0,
)
TABS: tuple[Place, ...] = (
    _chart("history", "history", "History", "his"),
    _chart("pareto", "pareto", "Pareto", "par"),
    _chart("curves", "curves", "Curves", "cur"),
    _chart("importance", "importance", "Importance", "imp"),
    _chart("tasks", "tasks", "Tasks", "tas"),
    Place(
        "log_tail",
        "log",
        "hpo_tui.tui.widgets.log_tail",
        "LogTail",
        lambda s: (len(s.frame),),
        short="log",
    ),
    Place(
        "events",
        "events",
        "hpo_tui.tui.widgets.events",
        "Events",
        lambda s: (s.events,),
        1.0,
        short="ev",
    ),
    Place(
        "devices",
        "devices",
        CHARTS["devices"],
        "Devices",
        # Running trials grow as time goes by.
        lambda s: (s.frame, s.spec, s.measured, s.time if s.runner_pid else 0.0),
        1.0,
        short="dev",
    ),
    Place(
        "slices",
        "slices",
        CHARTS["slices"],
        "Slices",
        lambda s: (s.frame, s.spec, s.slices, s.maps),
        short="sl",
    ),
)
"""The tabs, in the order of their keys."""


def make(place: Place) -> Any:
    """Return a new widget of the pane, with the keys of the action table."""
    cls: type[Widget] = getattr(import_module(place.module), place.cls)
    if place.name in CHARTS:
        # The chart modules say their keys; the table makes bindings of them, so that they can be
        # remapped and shown like all others.
        cls = type(cls.__name__, (cls,), {"BINDINGS": bindings(place.name)})
    widget = cls(id=place.name)
    widget.can_focus = True
    return widget


def layout_for(width: int, height: int) -> str:
    """Return the layout for a window: ``wide``, ``medium``, ``small`` or ``tiny``."""
    if width >= 110 and height >= 30:
        return "wide"
    if width >= 70 and height >= 20:
        return "medium"
    return "small" if width >= 40 and height >= 10 else "tiny"


def focused_scopes(screen: Screen[Any]) -> list[str]:
    """Return the scopes of the table whose keys the focused widget itself listens to."""
    bound = (a.binding.id for a in screen.active_bindings.values() if a.node is screen.focused)
    return list(dict.fromkeys(id_.partition(".")[0] for id_ in bound if id_))


def in_sight(pane: Widget) -> bool:
    """Whether a pane, and everything that it lies in, is displayed."""
    return all(node.display for node in pane.ancestors_with_self if isinstance(node, Widget))
