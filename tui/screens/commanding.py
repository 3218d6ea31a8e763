"""Sends requests to a study's runner from a thread, and shows the answer when it comes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hpo_tui.tui import present
from hpo_tui.tui.live import LiveStudy
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.study_deeds import answer_of, attempted, unanswered

NOTICEABLE = 50
"""Commands from which their doing takes long enough to say that it has begun."""


class Commanding(Room):
    """A screen of one open study that can change it."""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__()
        self.live = live

    def command(
        self, name: str, said: str, args: Mapping[str, Any] | None = None, *, without: str = ""
    ) -> None:
        """Ask the runner in a thread, and show its answer when it comes.

        ``without``: what is added to the answer if no runner runs.
        """
        self.in_thread(partial(self._send, name, dict(args or {}), without), said)

    def _send(self, name: str, args: Mapping[str, Any], without: str) -> str:
        from hpo_tui.engine import launch

        answer = launch.send(self.live.folder, name, args)
        text = answer_of(answer, self.live.folder)
        if answer.ok and without and self.live.folder.runner_pid() is None:
            return f"{text.rstrip('.')}. {without}"
        return text

    def commands(self, name: str, many: list[dict[str, Any]]) -> None:
        """Ask the runner for many alike things in one thread, and say how it went once."""

        def work() -> str:
            from hpo_tui.engine import launch

            answers = launch.send_all(self.live.folder, name, many)
            good = sum(bool(a.ok) for a in answers)
            refused = [a.answer for a in answers if a.ok is False][:1]
            if any(a.answered is None for a in answers):
                refused.append(unanswered(self.live.folder, "the rest"))
            return " ".join([f"{name}: {good} of {len(many)} done.", *refused])

        if len(many) >= NOTICEABLE:
            self.say(f"{name}: {present.plural(len(many), 'trial')} …")
        self.in_thread(work, name)

    def in_thread(self, work: Callable[[], str], said: str) -> None:
        """Do slow work in a thread; show the sentence that it returns, or why it failed."""
        # A screen that was left meanwhile has no app to say it with.
        tell = self.hpo.tell_from_thread

        def run() -> None:
            text, severity = attempted(self.live.folder, work)
            self.live.watcher.hurry()
            tell(text, severity, said)

        self.hpo.aside(run)
