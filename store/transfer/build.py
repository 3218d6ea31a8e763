"""Making a study folder from trials that were run elsewhere."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from hpo_tui.store.folder import StudyFolder, umask
from hpo_tui.store.models import Report, StudyState, Trial
from hpo_tui.store.write import StudyWriter


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

    It appears all at once or not at all. Raises FileExistsError if there is such a study.
    """
    folder = StudyFolder(home / name)
    if folder.path.exists():
        raise FileExistsError(f"there is a study {name} already: {folder.path}")
    home.mkdir(parents=True, exist_ok=True)
    made = StudyFolder(Path(tempfile.mkdtemp(prefix=".import-", dir=home)))
    try:
        made.file.write_text(text, "utf-8")
        made.trials.mkdir()
        _fill(
            made, name=name, text=text, trials=trials, reports=reports, params=params,
            metrics=metrics, source=source,
        )  # fmt: skip
        made.path.chmod(0o777 & ~umask())
        made.path.rename(folder.path)
    except BaseException:
        shutil.rmtree(made.path, ignore_errors=True)
        raise
    return folder


def _fill(
    folder: StudyFolder,
    *,
    name: str,
    text: str,
    trials: Sequence[Trial],
    reports: Iterable[Report],
    params: Iterable[str],
    metrics: Iterable[str],
    source: str,
) -> None:
    writer = StudyWriter(folder.db)
    try:
        writer.create_study(name, text, 0)
        writer.declare(params, metrics)
        # Reports first: adding them to a trial would put its last report over its result.
        writer.add_reports(list(reports))
        writer.add_trials(trials)
        many = "s" * (len(trials) != 1)
        writer.add_event("imported", f"{len(trials)} trial{many} imported from {source}")
        times = [t for trial in trials for t in (trial.started, trial.ended) if t is not None]
        writer.update_study(
            state=StudyState.FINISHED,
            reason=f"imported from {source}",
            started=min(times, default=None),
            ended=max(times, default=None),
        )
    finally:
        writer.close()
