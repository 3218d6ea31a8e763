"""Suggestions on their way from a request to a trial. Pure: nothing is sent here, or waited for.

Which state leads to which, and by what:

============  ===========================================  =========================================
state         what happens                                 then
============  ===========================================  =========================================
ASKED         its answer comes                             READY; what was FORMER is forgotten
ASKED         the answer: the budget is spent, or refused  over; spent: nothing more is asked for
ASKED         it is taken back                             WITHDRAWN
ASKED         one that was FORMER is started               OVERTAKEN
READY         it is started                                runs
READY         something becomes known                      outdated: no longer the current one
READY         it is taken back                             FORMER
WITHDRAWN     its answer comes                             FORMER, unless it was made to follow that
WITHDRAWN     one that was FORMER is started               OVERTAKEN
FORMER        it is started                                runs
FORMER        a newer one comes, or what a user wished     forgotten
OVERTAKEN     its answer comes                             forgotten: a trial has its number
============  ===========================================  =========================================

What is outdated is taken back when the next one is wanted, and all that is not started yet is taken
back for a user's wish. In haste (:attr:`Shelf.ahead`) nothing is outdated.
"""

import itertools
import time
from collections import deque

from hpo_tui.engine.answers import SPENT
from hpo_tui.engine.optimizer.api import Suggestion


class Shelf:
    """What was suggested and not started yet, and what is asked for."""

    def __init__(self) -> None:
        self.ready: deque[Suggestion] = deque()
        self.exhausted = ""
        """Why there is nothing more to suggest, until something changes."""
        self.since = 0.0
        """Since when (monotonic) there has been nothing :attr:`current`."""
        self.ahead = 0
        """How many more are kept ready, which no news outdates: where trials end faster than
        suggestions are made."""
        self.outdated = False
        """Whether something has become known that what is ready or asked for does not know."""
        self._former: Suggestion | None = None
        self._asked: set[int] = set()
        self._ids = itertools.count(1)
        self._last_news = 0
        """The last id given out when something became known."""
        self._overtaken = 0
        """The last id given out when a former one was started.

        It took the number of a trial that suggestions with smaller ids have as well.
        """

    def next_id(self) -> int:
        """Return the id of another request, also of one that is not for here."""
        return next(self._ids)

    @property
    def current(self) -> Suggestion | None:
        """The next suggestion that knows all results, None until it is there."""
        return self.ready[0] if self.ready and not self.outdated else None

    @property
    def former(self) -> Suggestion | None:
        """A suggestion prepared before the last results, None if there is none."""
        return self.ready[0] if self.ready else self._former

    @property
    def awaits(self) -> bool:
        """Whether an answer is counted on."""
        return bool(self._asked)

    def clear(self) -> None:
        """Begin anew with an optimizer that was asked for nothing."""
        self.ready.clear()
        self._asked.clear()
        self._former, self.exhausted = None, ""
        self.outdated, self.ahead = False, 0

    def ask(self, count: int) -> list[int]:
        """Return the ids of the requests to be made for ``count`` to be ready, and those ahead."""
        missing = count + self.ahead - len(self.ready) - len(self._asked)
        numbers = [self.next_id() for _ in range(missing)]
        self._asked.update(numbers)
        return numbers

    def withdraw(self) -> None:
        """Take back what is ready and what is asked for."""
        self._former, self.outdated = self.former, False
        self.ready.clear()
        self._asked.clear()

    def forget_former(self) -> None:
        """Have no former one started: what runs next takes its number."""
        self._former = None

    def begin(self, suggestion: Suggestion) -> bool:
        """Take note that one runs; return whether it was ready: else it was the former one."""
        if self.ready and self.ready[0] == suggestion:
            self.ready.popleft()
            return True
        self._former, self.outdated = None, False
        self._asked.clear()
        self._overtaken = self.next_id()
        return False

    def news(self, *, outdates: bool = True) -> None:
        """Take note that something has become known, which may let the search go on."""
        self.exhausted = ""
        self._last_news = self.next_id()
        if not outdates:
            return
        if not (self.outdated or self._former):
            self.since = time.monotonic()
        self.outdated = bool(self.ready or self._asked) and not self.ahead

    def answer(self, number: int, found: Suggestion, ahead: int = 0) -> None:
        """Take in a suggestion that was asked for, and how many are to be kept ready ahead.

        What was withdrawn before it came is kept as the former one, for when there is no time.
        """
        self.ahead = ahead
        if number in self._asked:
            self._asked.remove(number)
            self.ready.append(found)
            self._former = None
        elif number > self._overtaken:
            # Made to follow the former one, which it takes to run, it would leave out a number.
            follows = self._former is not None and self._former.number < found.number
            self._former = self._former if follows else found

    def spent(self, number: int, why: str) -> None:
        """Take in that the budget pays for nothing more."""
        # What became known since may change that: a trial may have ended below its price.
        if number in self._asked and number > self._last_news:
            self.exhausted = why or SPENT
            self._former = None
        self._asked.discard(number)

    def refused(self, number: int) -> bool:
        """Take in that nothing can be suggested; return whether anything was counted on."""
        counted_on = number in self._asked
        self._asked.discard(number)
        return counted_on
