"""Several questions that may take long, or for ever, asked at the same time."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

AnswerT = TypeVar("AnswerT")


class Asked(Generic[AnswerT]):
    """One question, asked in a thread that nobody has to wait for.

    A user who may have no more threads waits for it after all; where that must not be, as ``apart``
    says, RuntimeError is raised.
    """

    def __init__(self, question: Callable[[], AnswerT], *, apart: bool = False) -> None:
        self.answer: AnswerT | Exception | None = None
        self._question = question
        self._thread: threading.Thread | None = threading.Thread(target=self._ask, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            if apart:
                raise
            self._thread = None
            self._ask()

    def _ask(self) -> None:
        try:
            self.answer = self._question()
        except Exception as error:  # noqa: BLE001 - it is handed to who has asked
            self.answer = error

    @property
    def busy(self) -> bool:
        """Whether the answer is still waited for."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self, seconds: float | None) -> AnswerT | Exception | None:
        """Return what the question gave or raised; None if that takes longer."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self.answer


class Patient(Generic[AnswerT]):
    """A question that is asked again and again, and is waited for no longer than ``patience``.

    In seconds. One that hangs is neither waited for again nor asked anew; what it answers in the
    end is what is returned next.
    """

    def __init__(self, question: Callable[[], AnswerT], patience: float) -> None:
        self._question, self._patience = question, patience
        self._asked: Asked[AnswerT] | None = None

    def ask(self) -> AnswerT | Exception | None:
        """Return what it gives now, or raises; None while there is no answer."""
        if self._asked is None:
            self._asked = Asked(self._question)
            self._asked.wait(self._patience)
        if self._asked.busy:
            return None
        asked, self._asked = self._asked, None
        return asked.answer


def answers(
    questions: Sequence[Callable[[], AnswerT]], patience: float
) -> list[AnswerT | Exception | None]:
    """Return what each question gives or raises; None where it takes longer than ``patience``.

    In seconds, for all of them together. What has not answered goes on.
    """
    deadline = time.monotonic() + patience
    asked = [Asked(question) for question in questions]
    return [each.wait(max(0.0, deadline - time.monotonic())) for each in asked]
