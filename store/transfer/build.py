"""Making a study folder from trials that were run elsewhere."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hpo_tui.store.folder import StudyFolder, umask
from hpo_tui.store.models import Report, StudyState, Trial
from hpo_tui.store.write import StudyWriter

UNFINISHED = ".import-"
"""Begins the name of the folder in which a study is made."""


def build_study(
    home: Path,
    name: str,
    text: str,
    trials: Sequence[Trial],
    reports: Iterable[Report],
    *,
    params: Iterable[str],
    metrics: Iterable[str],
    source: str,
) -> StudyFolder:
    """Make the finished study ``home/name`` with these trials and reports.

    It appears all at once or not at all. Raises FileExistsError if there is such a study, OSError
    and sqlite3.Error where it cannot be written.
    """
    with _appearing(StudyFolder(home / name)) as made:
        made.file.write_text(text, "utf-8")
        made.trials.mkdir()
        with closing(StudyWriter(made.db)) as writer:
            writer.create_study(name, text, 0)
            writer.declare(params, metrics)
            # Reports first: adding them to a trial would put its last report over its result.
            writer.add_reports(list(reports))
            writer.add_trials(trials)
            _finish(writer, trials, source)
    return StudyFolder(home / name)


@contextmanager
def _appearing(folder: StudyFolder) -> Iterator[StudyFolder]:
    """Let a study be made in a folder beside its own, which gets its name once it is whole."""
    if folder.path.exists():
        raise FileExistsError(f"there is a study {folder.name} already: {folder.path}")
    home = folder.path.parent
    home.mkdir(parents=True, exist_ok=True)
    made = StudyFolder(Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home)))
    try:
        yield made
        made.path.chmod(0o777 & ~umask())
        made.path.rename(folder.path)
    except BaseException as error:
        shutil.rmtree(made.path, ignore_errors=True)
        if isinstance(error, OSError) and str(error.filename).startswith(str(made.path)):
            error.filename = str(folder.path)  # the other is gone
        raise


def _finish(writer: StudyWriter, trials: Sequence[Trial], source: str) -> None:
    """Write down where a study comes from, and that it has ended with the last of its trials."""
    many = "s" * (len(trials) != 1)
    writer.add_event("imported", f"{len(trials)} trial{many} imported from {source}")
    times = [t for trial in trials for t in (trial.started, trial.ended) if t is not None]
    writer.update_study(
        state=StudyState.FINISHED,
        reason=f"imported from {source}",
        started=min(times, default=None),
        ended=max(times, default=None),
    )
