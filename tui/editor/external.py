"""The user's own editor for a while."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path


def edit_in_editor(text: str) -> tuple[str, str]:
    """Open ``text`` in ``$VISUAL`` or ``$EDITOR`` (else vi) and return (new text, problem).

    The terminal must have been given up first. On any problem the text comes back as it was.
    """
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(said) or ["vi"]
    except ValueError as error:
        return text, f"EDITOR is {said!r}, which is no command ({error}): set it anew."
    with tempfile.TemporaryDirectory(prefix="hpo-tui-") as folder:
        file = Path(folder) / "study.toml"
        file.write_text(text, "utf-8")
        try:
            code = subprocess.run([*words, str(file)], check=False).returncode
            changed = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return text, f"{words[0]}: {error}. Set EDITOR to the editor that you use."
    if code:
        return text, f"{words[0]} ended with exit code {code}: nothing was changed."
    return changed, ""
