"""``hpo-tui demo``: the example on handwritten digits, copied where it can be read and changed."""

import shlex
import sys
from importlib import resources
from pathlib import Path

import click

from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.run import headless_option, launch, prepare
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.words.plain import plain

FILES = ("study.toml", "train.py")


@click.command("demo")
@click.argument(
    "folder",
    default="hpo-tui-demo",
    metavar="[FOLDER]",
    type=click.Path(file_okay=False, path_type=Path),
)
@headless_option
@click.option("--fresh", is_flag=True, help="Delete an earlier run of the demo first.")
def demo(folder: Path, headless: bool, fresh: bool) -> int:
    """Run the demo study in FOLDER (./hpo-tui-demo): a few minutes on two cores, no GPU needed.

    It tunes a sparse neural network on scikit-learn's handwritten digits: high accuracy with few
    weights, in trainings of 15, 30 and 60 epochs. Run it again to continue it or to look at it.
    """
    try:
        import sklearn  # noqa: F401 - only whether it is there
    except ImportError:
        raise Refusal("the demo needs scikit-learn: pip install 'hpo-tui[demo]'") from None
    from hpo_tui.engine.launch import LaunchError
    from hpo_tui.engine.launch.removing import remove

    study = StudyFolder(folder / HOME / "sparse-digits")
    if fresh and study.path.is_dir():
        if study.runner_pid() is not None:
            place = plain(shlex.quote(str(study.path)))
            raise Refusal(f"the demo is running; stop it first: hpo-tui stop --kill {place}")
        with refusing(LaunchError):
            remove(study)
    copy_example(folder)
    if not study.db.is_file():
        study = prepare(str(folder / "study.toml"), None)
        note(f"The demo is in {plain(str(folder))}: the script train.py and study.toml")
    return launch(study, headless=headless)


def copy_example(folder: Path) -> None:
    """Copy the example's files into ``folder``, leaving what is there as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    source = resources.files("hpo_tui.examples") / "digits"
    for name in FILES:
        target = folder / name
        if target.exists():
            continue
        text = (source / name).read_text("utf-8")
        if name == "study.toml":
            text = with_this_python(text)
        target.write_text(text, "utf-8")


def with_this_python(text: str) -> str:
    """Return the study file with the running interpreter, which has torch, for ``python``."""
    import tomlkit

    document = tomlkit.parse(text)
    command = document["study"]
    assert isinstance(command, dict)
    command["command"] = [sys.executable, "train.py"]
    return tomlkit.dumps(document)
