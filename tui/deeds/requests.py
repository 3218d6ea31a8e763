"""Requests to an open study, sent from a thread; the answer is shown when it comes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.study_deeds import answer_of, attempted, unanswered
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.words import present

NOTICEABLE = 50
"""Requests from which their doing takes long enough to say that it has begun."""


class Requests:
    """What a screen of an open study sends to its runner."""

    def __init__(self, screen: Room, live: LiveStudy) -> None:
        self._screen = screen
        self._live = live

    def send(
        self, name: str, said: str, args: Mapping[str, Any] | None = None, *, without: str = ""
    ) -> None:
        """Ask the runner in a thread, and show its answer when it comes.

        ``without``: what is added to the answer if no runner runs.
        """
        self.in_thread(partial(self._answer, name, dict(args or {}), without), said)

    def _answer(self, name: str, args: Mapping[str, Any], without: str) -> str:
        from hpo_tui.engine import launch

        answer = launch.send(self._live.folder, name, args)
        text = answer_of(answer, self._live.folder)
        if answer.ok and without and self._live.folder.runner_pid() is None:
            return f"{text.rstrip('.')}. {without}"
        return text

    def send_all(self, name: str, many: list[dict[str, Any]]) -> None:
        """Ask the runner for many alike things in one thread, and say how it went once."""

        def work() -> str:
            from hpo_tui.engine import launch

            answers = launch.send_all(self._live.folder, name, many)
            good = sum(bool(a.ok) for a in answers)
            refused = [a.answer for a in answers if a.ok is False][:1]
            if any(a.answered is None for a in answers):
                refused.append(unanswered(self._live.folder, "the rest"))
            return " ".join([f"{name}: {good} of {len(many)} done.", *refused])

        if len(many) >= NOTICEABLE:
            self._screen.say(f"{name}: {present.plural(len(many), 'trial')} …")
        self.in_thread(work, name)

    def in_thread(self, work: Callable[[], str], said: str) -> None:
        """Do slow work in a thread; show the sentence that it returns, or why it failed."""
        # A screen that was left meanwhile has no app to say it with.
        tell = self._screen.hpo.tell_from_thread

        def run() -> None:
            text, severity = attempted(self._live.folder, work)
            self._live.watcher.hurry()
            tell(text, severity, said)

        self._screen.hpo.aside(run, said)
