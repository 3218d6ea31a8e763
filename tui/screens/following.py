"""Reading studies again and again while a screen shows them together."""

import threading
import time
from collections.abc import Callable, Sequence

from textual.message import Message

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.screens.base import Room

LOOK_SECONDS = 1.0
"""Between two looks whether a study has changed."""
SHARE = 5
"""Part of the time that may be spent on reading, one in so many: large studies take seconds."""


def follow(
    screen: Room,
    folders: Sequence[StudyFolder],
    over: threading.Event,
    look: Callable[[], Message],
) -> None:
    """Post what ``look`` returns, at once and whenever a study has changed, until ``over``.

    For a thread that lives as long as the screen does.
    """
    last: tuple[object, ...] | None = None
    while not over.is_set():
        pause = LOOK_SECONDS
        if last is None or (screen.app.app_focus and screen.is_current):
            now = tuple(_stamp(folder) for folder in folders)
            if now != last:
                last, began = now, time.monotonic()
                screen.post_message(look())
                pause = max(pause, SHARE * (time.monotonic() - began))
        over.wait(pause)


def _stamp(folder: StudyFolder) -> object:
    """Return what changes when a study does."""
    from hpo_tui.tui.watching.study_list import stamps

    try:
        return stamps(folder), folder.runner_pid()
    except OSError as error:
        return str(error)
