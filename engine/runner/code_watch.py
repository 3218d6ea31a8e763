"""Notes which code the trials run: git is asked in a thread, after trials have started."""

import hashlib
import itertools
import logging
import math
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from hpo_tui.engine.code_versions import FOLDER, KEY, CodeVersion, versions
from hpo_tui.engine.execution.git import Code, GivenUpError, code_in, leave
from hpo_tui.engine.runner.desk import Desk

log = logging.getLogger("runner.code")

_FRESH = 10.0
"""Seconds that a trial may have run for what is found now to be what it was started with."""
_PAUSE = 2.0
"""Seconds between two questions, at least."""
_TIMES = 20.0
"""The pause in times of what an answer took: a large repository is not read all the time."""
_MOST = 100
"""States of the code that are noted: if there are more, it is results that change, in the midst."""


class CodeWatch:
    """Looks at the code after trials have started; what is new of it is an event.

    The loop never waits for git: what was found is written down at a later look. A git that takes
    too long is not asked again.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._seen: set[tuple[int, int]] = set()
        self._highest = max(desk.trials, default=0)
        self._looked = time.time()
        self._asked: _Asked | None = None
        self._known: tuple[CodeVersion, ...] | None = None
        self._not_before = 0.0

    def look(self) -> None:
        """Write down what was found, and ask again if trials have started since."""
        if self._asked is not None:
            if self._asked.thread.is_alive():
                return
            asked, self._asked = self._asked, None
            if asked.found:
                self._note(asked.found[0], asked)
        if self._not_before == math.inf:
            return
        begun = self._begun()
        if begun is None:
            self._looked = time.time()
        elif time.monotonic() >= self._not_before:
            self._not_before = time.monotonic() + _PAUSE
            self._seen, self._highest = set(self._running()), max(self.desk.trials)
            self._looked = time.time()
            self._ask(*begun)

    def close(self) -> None:
        """Ask no more."""
        self._not_before = math.inf
        leave()

    def _running(self) -> dict[tuple[int, int], float]:
        """Return the attempts that run, and for how many seconds they have."""
        desk = self.desk
        return {(n, desk.trials[n].attempt): desk.elapsed(x) for n, x in desk.live.items()}

    def _begun(self) -> tuple[int, float] | None:
        """Return the first trial that git was not asked for, and since when such trials run.

        None if there is none. Those that this runner has adopted are none: what they were started
        with is gone.
        """
        new = {k: a for k, a in self._running().items() if k not in self._seen and a <= _FRESH}
        if new:
            return min(number for number, _ in new), time.time() - max(new.values())
        # Those that are too short to be seen running: trials are in the order of their numbers.
        later = itertools.takewhile(lambda n: n > self._highest, reversed(self.desk.trials))
        ended = [n for n in later if self.desk.trials[n].started is not None]
        return (min(ended), self._looked) if ended else None

    def _ask(self, first: int, since: float) -> None:
        found: list[Code] = []
        place = self.desk.folder.workplace

        def ask() -> None:
            asked = time.monotonic()
            try:
                code = code_in(place)
                found.extend([] if code is None else [code])
            except GivenUpError:
                log.warning("git takes long in %s: which code trials run is not noted", place)
                self._not_before = math.inf
            took = time.monotonic() - asked
            self._not_before = max(self._not_before, asked + _TIMES * took)

        thread = threading.Thread(target=ask, name="git", daemon=True)
        self._asked = _Asked(thread, first, since, found)
        thread.start()

    def _note(self, code: Code, asked: "_Asked") -> None:
        """Write a state of the code down if it is another than the last."""
        desk = self.desk
        if self._known is None:
            self._known = versions(desk.kept(KEY))
        last = self._known[-1] if self._known else None
        now = CodeVersion(asked.since, code.commit, code.subject, code.patch != b"", _name(code))
        if last is not None and replace(now, since=last.since) == last:
            return
        if now.patch and code.patch is not None:
            self._keep(desk.folder.path / FOLDER / now.patch, code.patch)
        known = (*self._known, now)
        with desk.transaction(durable=False):
            desk.writer.put(KEY, [v.record() for v in known])
            text = now.words()
            if last is not None:
                text = f"the code has changed: from trial {asked.first} on trials run {text}"
            desk.event("code", text)
        self._known = known
        if len(known) >= _MOST:
            log.warning("the code has changed %d times: it is not looked at any more", len(known))
            self._not_before = math.inf

    def _keep(self, place: Path, patch: bytes) -> None:
        """Keep a patch; without room for it the commit is noted all the same."""
        if place.exists():
            return
        part = place.with_name(f"{place.name}.part")
        try:
            place.parent.mkdir(exist_ok=True)
            part.write_bytes(patch)
            part.replace(place)
        except OSError as error:
            log.warning("changes cannot be kept in %s: %s", place, error)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that is under way: for trials from ``first`` on, which run ``since`` then."""

    thread: threading.Thread
    first: int
    since: float
    found: list[Code]


def _name(code: Code) -> str:
    """Return the name of the file that keeps a patch, empty if there is none to keep."""
    if not code.patch:
        return ""
    return f"{hashlib.sha256(code.commit.encode() + code.patch).hexdigest()[:8]}.patch"
