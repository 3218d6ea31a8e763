"""Trials that wait to be started: in which order, and whether the next one may start already."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import takewhile

from hpo_tui.store.models import Command, Trial, TrialState


class Queue:
    """The trials that wait, by their numbers, the next to be started first.

    What people asked for starts in the order in which they did. ``trials``: all of the study, as
    they are at each moment; what has ceased to wait is left out.
    """

    def __init__(self, trials: Mapping[int, Trial]) -> None:
        self._trials = trials
        self._order: deque[int] = deque()
        self._asked: dict[int, int] = {}
        """Trial that a person asked for → the command behind it."""
        self.pending: dict[int, Command] = {}
        """Wish that the optimizer still makes trials of → the command behind it."""
        self.alone: set[int] = set()
        """Trials whose next attempt needs a device of their own."""

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[int]:
        return iter(self._order)

    def add(self, number: int, *, first: bool = False, asked: int | None = None) -> None:
        """Put a waiting trial in the queue.

        ``asked``: the command it was asked for by; it goes before all but what was asked for
        earlier.
        """
        if number in self._order:
            return
        if asked is not None:
            self._asked[number] = asked
            self._order.insert(self._place(asked), number)
        elif first:
            self._order.appendleft(number)
        else:
            self._order.append(number)

    def in_turn(self) -> Iterator[Trial]:
        """Yield the trials that wait, the next one first; what ceased to is dropped."""
        while self._order and not self._waits(self._order[0]):
            self._order.popleft()
        yield from (self._trials[n] for n in self._order if self._waits(n))

    def may_start(self, number: int) -> bool:
        """Whether nothing that was asked for before a trial is still with the optimizer."""
        asked = self._asked.get(number, 0)
        return all(command.id >= asked for command in self.pending.values())

    def begun(self, number: int) -> None:
        """Take note that one of them runs."""
        self._order.remove(number)
        self.alone.discard(number)

    def before(self, asked: int) -> list[int]:
        """Return the waiting trials that were asked for before a command, and start before it."""
        ahead = list(self._order)[: self._place(asked)]
        return [n for n in ahead if self._waits(n) and n in self._asked]

    def _waits(self, number: int) -> bool:
        return self._trials[number].state is TrialState.WAITING

    def _place(self, asked: int) -> int:
        """Return the place of what a command asks for: behind the last of what was earlier."""
        later = takewhile(lambda n: self._asked.get(n, asked + 1) > asked, reversed(self._order))
        return len(self._order) - sum(1 for _ in later)
