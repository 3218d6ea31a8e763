"""The user's own editor for a while."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hpo_tui.store.file_errors import in_words


def edit_in_editor(text: str) -> tuple[str, str]:
    """Open ``text`` in ``$VISUAL`` or ``$EDITOR`` (else vi) and return (new text, problem).

    The terminal must have been given up first. What the editor has saved is never thrown away: with
    a problem it comes too, and can be undone; else the text comes back as it was.
    """
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(said) or ["vi"]
    except ValueError as error:
        return text, f"EDITOR is {said!r}, which is not a command ({error}): set it to one."
    try:
        with tempfile.TemporaryDirectory(prefix="hpo-tui-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "study.toml"
            file.write_text(text, "utf-8")
            code, saved = _edit([*words, str(file)], file)
    except OSError as error:
        if error.filename == words[0]:
            return text, f"{in_words(error)}. Set EDITOR to the editor that you use."
        return text, f"The text could not be given to {words[0]}: {in_words(error)}."
    changed = saved.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    taken = "what it had saved is used (u undoes this)" if changed != text else "nothing changed"
    if code:
        return changed, f"{words[0]} ended with exit code {code}: {taken}."
    if "\ufffd" in changed and "\ufffd" not in text:
        return (
            changed,
            f"{words[0]} saved text that is not UTF-8: \ufffd stands for it (u takes it back).",
        )
    return changed, ""


def _edit(command: list[str], file: Path) -> tuple[int, bytes]:
    with _keys_left_to_it():
        code = subprocess.run(command, check=False).returncode
    return code, file.read_bytes()


@contextmanager
def _keys_left_to_it() -> Iterator[None]:
    """Leave the keys that end programs to the editor: the terminal sends their signals to both.

    With handlers that do nothing: signals that are ignored would be ignored by the editor too.
    """
    before = {s: signal.signal(s, _nothing) for s in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for sent, handler in before.items():
            signal.signal(sent, handler)


def _nothing(_sent: int, _frame: FrameType | None) -> None:
    pass
