"""From a shell into the screens, or the study printed once."""

import gc
from pathlib import Path

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.words.plain import to_ascii

_SELDOM = 20_000, 20, 20
"""How much is made until cycles are looked for. Python's 700 would look through what is imported
and drawn time and again, a tenth of the time to the first frame."""


def open_app(
    folder: StudyFolder | None,
    home: Path | None,
    *,
    ascii_only: bool,
    readonly: bool,
    file: Path | None = None,
) -> int:
    """Open the screens on a study or on all of ``home``; return the exit status.

    ``file``: a study file to be edited. That a runner goes on is said when the screens are gone.
    """
    from hpo_tui.store.folder import find_home, working_folder
    from hpo_tui.tui.glyphs import shows_colours

    if home is None:
        home = find_home(folder.path if folder is not None else working_folder())
    gc.set_threshold(*_SELDOM)
    # What is printed once needs no screen.
    from hpo_tui.tui.app import HpoApp
    from hpo_tui.tui.config import load_settings

    settings = load_settings()
    app = HpoApp(
        home, folder, ascii_only=ascii_only, readonly=readonly, settings=settings, file=file,
        colours=shows_colours(),
    )  # fmt: skip
    app.run(mouse=settings.mouse)
    if app.farewell and not getattr(app.terminal, "stands_still", False):
        print(app.farewell)  # noqa: T201 - said on the way out
    return app.return_code or 0


def print_once(folder: StudyFolder, *, ascii_only: bool) -> None:
    """Print a study as a few lines. Raises UnreadableError if it cannot be read."""
    import shutil

    from hpo_tui.tui.watching.watcher import read_once
    from hpo_tui.tui.words.status_lines import status_lines

    for line in status_lines(read_once(folder), shutil.get_terminal_size().columns):
        print(to_ascii(line) if ascii_only else line)  # noqa: T201 - the output
