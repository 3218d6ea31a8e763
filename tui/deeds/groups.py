"""Two groups of trials side by side: what is shown against the rest, or against another filter."""

from typing import Any

from hpo_tui.tui.screens.study_room import Deeds
from hpo_tui.tui.tables.groups import Group, Pair, can_be_split, opposites, pairs
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import present
from hpo_tui.tui.words.plain import plain

_KEPT = 8
"""Filters that are remembered, to be held against others."""
_NOTHING = "There are no groups to compare: first filter trials with /, or brush a range."
_NO_TRIAL = "No trial passes the filter and the brushes: there is no group to compare."
_ALL = "Every trial passes the filter: there are no others to compare with."


class GroupDeeds(Deeds):
    """The action on what a filter shows, and the filters that are remembered for it."""

    def remember(self) -> None:
        """Remember the filter that is held, the newest first."""
        text = self.live.view.filter
        if text:
            kept = [text, *(f for f in self._filters() if f != text)]
            self.live.memory["filters"] = kept[:_KEPT]

    def _filters(self) -> list[str]:
        kept: Any = self.live.memory.get("filters", [])
        return [f for f in kept if isinstance(f, str) and f] if isinstance(kept, list) else []

    def why_no_watch_versus(self, snapshot: Snapshot) -> str:
        """Return why there are no two groups."""
        view = self.live.view
        if view.filter or view.brushes:
            return "" if view.shown(len(snapshot.frame)) else _NO_TRIAL
        return "" if self._filters() or can_be_split(snapshot.spec) else _NOTHING

    def do_watch_versus(self) -> None:
        """Ask what the trials that are shown are held against, or which groups are meant."""
        self.remember()
        snapshot, view = self.live.snapshot, self.live.view
        assert snapshot is not None
        if view.filter or view.brushes:
            self._ask_opposite(snapshot, Group(view.filter, view.brushes))
            return
        found = pairs(snapshot, self._filters())
        if not found:
            self.screen.say(_NOTHING, "warning")
            return
        entries = [
            (at, f"{plain(a.name)}  against  {plain(b.name)}   ({n} and {m})")
            for at, ((a, b), (n, m)) in enumerate(found)
        ]
        self._ask("Compare which trials?", entries, [pair for pair, _ in found])

    def _ask_opposite(self, snapshot: Snapshot, group: Group) -> None:
        found = opposites(snapshot, group, self._filters())
        if not found:
            self.screen.say(_ALL, "warning")
            return
        entries = [
            (at, f"{plain(other.name)}   ({present.plural(n, 'trial')})")
            for at, (other, n) in enumerate(found)
        ]
        n = present.plural(self.live.view.shown(len(snapshot.frame)), "trial")
        question = f"Compare {plain(group.name)} ({n}) with which trials?"
        self._ask(question, entries, [(group, other) for other, _ in found])

    def _ask(self, question: str, entries: list[tuple[int, str]], groups: list[Pair]) -> None:
        from hpo_tui.tui.screens.pickers import PickOne

        def taken(at: int) -> None:
            self.screen.hpo.compare_groups(self.live, *groups[at])

        PickOne(question, entries).ask(self.screen.app, taken)
