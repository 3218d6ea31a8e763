"""Ways into the editor and out of it: a new study, an open one, a launch."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.editor.side import free_name
from hpo_tui.tui.editor.target import home_of, on_disk, why_no_study_file
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.study_app import StudyApp
    from hpo_tui.tui.watching.live import LiveStudy

_NAME = "my-study"
NEW_STUDY = """\
# A study: how a trial is run, what is searched, what counts as good, what a trial costs.

[study]
name = "my-study"
command = "python train.py --lr {lr} --epochs {epochs}"
budget = 20                      # full-task units: as much as 20 runs of the full task
resume = false                   # true if the script can continue from a checkpoint

[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[[objective]]
metric = "accuracy"
direction = "maximize"

[[task]]
name = "short"
epochs = 5
cost = 0.25

[[task]]
name = "full"
epochs = 20
cost = 1.0
"""


def new_study(app: "StudyApp") -> None:
    """Ask for the file and open it in the editor; one that is not there starts from a sketch."""
    from hpo_tui.tui.screens.dialogs import Ask

    here = app.home.parent if app.home is not None else Path.cwd()

    def place(answer: str) -> Path:
        path = here / Path(answer.strip()).expanduser()
        return path / "study.toml" if path.is_dir() else path

    found: dict[str, Opened] = {}

    def fault(answer: str) -> str:
        if not answer.strip():
            return "Give the name of a file, such as study.toml."
        try:
            path = place(answer)
            found[answer] = _look(path, app.home)
            return found[answer].fault or _of_a_study(path)
        except OSError as error:
            return f"{plain(answer.strip())} cannot be a file: {plain(in_words(error))}."
        except (ValueError, RuntimeError) as error:
            return f"{plain(answer.strip())} cannot be a file: {plain(str(error))}."

    detail = (
        f"In {here}. If it exists, it is opened. In a shell, `hpo-tui init train.py` writes "
        "one from a script's own options."
    )
    asked = Ask("Which study file?", "study.toml", detail, fault, slow="Looking at {} …")
    asked.ask(app, lambda answer: _edit(app, found[answer]))


def _of_a_study(path: Path) -> str:
    """Return why ``path`` is not edited as a new study's file, empty when it may be."""
    folder = StudyFolder(path.absolute().parent)
    if path.name != folder.file.name or not folder.db.is_file():
        return ""
    name = plain(folder.name)
    return f"The study {name} has already been made from this file: open {name} and edit it (e)."


def edit_file(app: "StudyApp", path: Path) -> None:
    """Open a study file in the editor; one that is not there starts from a sketch."""
    from hpo_tui.tui.screens.fetching import fetch

    def look() -> Opened:
        try:
            return _look(path, app.home)
        except (OSError, ValueError) as error:
            why = in_words(error, path) if isinstance(error, OSError) else str(error)
            return Opened(path, "", there=False, fault=f"{plain(why)}.")

    fetch(app, f"Reading {path.name} …", look, partial(_edit, app))


@dataclass(frozen=True, slots=True)
class Opened:
    """A study file as it was found. ``fault``: why it cannot be edited, empty when it can."""

    path: Path
    text: str
    there: bool
    fault: str = ""


def _look(path: Path, home: Path | None) -> Opened:
    """Read a study file, or sketch one that is not there; for a thread: a disk may take long."""
    fault, text = why_no_study_file(path), on_disk(path)
    there = path.exists()
    if fault or (text is None and there):
        return Opened(path, "", there, fault or f"{plain(str(path))} cannot be read.")
    return Opened(path, sketch(home_of(path, home)) if text is None else text, there)


def _edit(app: "StudyApp", found: Opened) -> None:
    from hpo_tui.tui.screens.define import DefineScreen

    if found.fault:
        app.notify(found.fault, severity="error", markup=False)
    else:
        app.push_screen(DefineScreen(found.path, found.text, there=found.there))


def sketch(home: Path) -> str:
    """Return the text of a new study under a name that no study in ``home`` has."""
    return NEW_STUDY.replace(_NAME, free_name(_NAME, home))


def copy_study(app: "StudyApp", folder: StudyFolder, text: str) -> None:
    """Open a new study file, with the text of a study under a name that is free."""
    from hpo_tui.tui.screens.fetching import fetch

    fetch(app, "Looking for a free name …", partial(_copied, folder, text), partial(_edit, app))


def _copied(folder: StudyFolder, text: str) -> Opened:
    """Return a study's text under a name that is free; for a thread: a disk may take long."""
    from hpo_tui.engine.launch import slug
    from hpo_tui.engine.spec.text.write import EditError, set_value

    home = folder.path.parent
    try:
        name = free_name(folder.name, home)
        path, count = home.parent / f"{slug(name)}.toml", 1
        while path.exists():
            count += 1
            path = home.parent / f"{slug(name)}-{count}.toml"
        return Opened(path, set_value(text, ("study", "name"), name), there=False)
    except (EditError, OSError) as error:
        why = in_words(error, home) if isinstance(error, OSError) else str(error)
        return Opened(home, "", there=False, fault=plain(why))


def edit_study(app: "StudyApp", live: "LiveStudy") -> None:
    """Open the text of the open study in the editor."""
    from hpo_tui.tui.screens.define import DefineScreen

    if live.snapshot is not None:
        app.push_screen(
            DefineScreen(live.folder.file, live.snapshot.study.text, folder=live.folder)
        )


def launch(app: "StudyApp", path: Path) -> None:
    """Start the study of a saved file and open it; what hinders it is said in the editor."""
    opened = app.live.folder if app.live is not None and app.live.folder.file == path else None

    def start() -> None:
        from hpo_tui.engine.launch import LaunchError, start_runner

        try:
            folder, note = (opened, "") if opened is not None else _made(app, path)
            if folder.runner_pid() is None:
                start_runner(folder)
        except (LaunchError, OSError, ValueError) as error:
            why = in_words(error) if isinstance(error, OSError) else str(error)
            app.call_from_thread(
                partial(app.notify, plain(why), severity="error", markup=False, timeout=15)
            )
            return
        app.call_from_thread(_show_launched, app, None if opened else folder, note)

    app.aside(start, "start runner")


def _made(app: "StudyApp", path: Path) -> tuple[StudyFolder, str]:
    """Return the study of a file, made where there is none, and what is to be said about it."""
    from hpo_tui.engine.launch import create_study
    from hpo_tui.engine.launch.origin import Origin, origin
    from hpo_tui.engine.spec import StudySpec

    folder = create_study(path, home_of(path, app.home))
    if origin(folder, StudySpec.load(path)) is not Origin.EDITED:
        return folder, ""
    text = (
        f"{plain(folder.name)} was edited after it was made from this file: it continues as edited."
    )
    return folder, text


def _show_launched(app: "StudyApp", folder: StudyFolder | None, note: str) -> None:
    """Leave the editor for the study; None: the study that is open below it."""
    from hpo_tui.tui.screens.define_room import EditRoom

    if isinstance(app.screen, EditRoom):
        app.go_back()
    if note:
        app.notify(note, markup=False, timeout=15)
    if folder is not None:
        app.home = folder.path.parent
        app.open_study(folder)
