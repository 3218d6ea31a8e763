"""Ways into the editor and out of it: a new study, an open one, a launch."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hpo_tui.tui.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.app import HpoApp
    from hpo_tui.tui.live import LiveStudy

NEW_STUDY = """\
# What is searched, what counts as good, what a trial costs, and how one is run.

[study]
name = "my-study"
command = "python train.py --lr {lr} --epochs {epochs}"
budget = 20                      # full-task units: as much as 20 runs of the full task
resume = false                   # true when the script can go on from a checkpoint

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


def new_study(app: "HpoApp") -> None:
    """Ask for the file and open it in the editor; one that is not there starts from a sketch."""
    from hpo_tui.tui.screens.dialogs import Ask

    here = app.home.parent if app.home is not None else Path.cwd()

    def taken(answer: str | None) -> None:
        if answer is not None:
            edit_file(app, here / answer.strip())

    app.push_screen(
        Ask(
            "Which study file?",
            "study.toml",
            f"In {here}. One that is there is opened. `hpo-tui init train.py` in the shell writes "
            "one from a script's own options.",
            lambda text: "" if text.strip() else "A file's name is needed, such as study.toml.",
        ),
        taken,
    )


def edit_file(app: "HpoApp", path: Path) -> None:
    """Open a study file that has not been run in the editor."""
    from hpo_tui.tui.screens.define import DefineScreen

    path = path.expanduser()
    if path.is_dir():
        path = path / "study.toml"
    try:
        text = path.read_text("utf-8") if path.exists() else NEW_STUDY
    except (OSError, UnicodeDecodeError) as error:
        app.notify(plain(f"{path} cannot be read: {error}"), severity="error", markup=False)
        return
    app.push_screen(DefineScreen(path, text))


def edit_study(app: "HpoApp", live: "LiveStudy") -> None:
    """Open the text of the open study in the editor."""
    from hpo_tui.tui.screens.define import DefineScreen

    if live.snapshot is not None:
        app.push_screen(
            DefineScreen(live.folder.file, live.snapshot.study.text, folder=live.folder)
        )


def launch(app: "HpoApp", path: Path) -> None:
    """Make a study of a saved file, start its runner and open it; says what went wrong."""

    def start() -> None:
        from hpo_tui.engine.launch import LaunchError, create_study, start_runner
        from hpo_tui.store.folder import HOME

        home = app.home or path.parent.resolve() / HOME
        try:
            folder = create_study(path, home)
            start_runner(folder)
        except (LaunchError, OSError, ValueError) as error:
            app.call_from_thread(
                partial(app.notify, plain(str(error)), severity="error", markup=False, timeout=15)
            )
            return
        app.home = home
        app.call_from_thread(app.open_study, folder)

    app.run_worker(start, thread=True, group="launch", exit_on_error=False)
