"""Removing the checkpoints that a study at rest is not kept for."""

from contextlib import closing
from dataclasses import dataclass

from hpo_tui.engine.checkpoints import needs, remove_files, size_of
from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.engine.launch.refusals import LaunchError, runs
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Trials with a checkpoint: those that keep it, and those that do not, with its bytes.

    ``promotable``: how many of the latter could still be promoted.
    """

    kept: tuple[int, ...]
    others: dict[int, int]
    promotable: int

    @property
    def size(self) -> int:
        """The bytes that removal gives back."""
        return sum(self.others.values())


def checkpoints(folder: StudyFolder) -> Checkpoints:
    """Return what :func:`tidy` would remove.

    The best of the full task, starred trials, and trials that are yet to end keep theirs. Raises
    :class:`LaunchError` if a runner, or a trial without one, may write checkpoints, or if the
    study's file does not say what it is.
    """
    if folder.runner_pid() is not None:
        raise LaunchError(runs(folder))
    if not folder.db.is_file():
        raise LaunchError(f"there is no study in {folder.path}")
    if refusal := in_the_way(folder):
        raise LaunchError(refusal)
    try:
        with StudyReader(folder.db) as reader:
            trials = {t.number: t for t in reader.trials()}
            spec = StudySpec.from_text(reader.study().text, folder.file)
    except LookupError as error:
        raise LaunchError(str(error)) from error
    except SpecError as error:
        said = f"the study text in {folder.db} cannot be understood: {error}"
        raise LaunchError(f"{said}. It tells which checkpoints are needed") from error
    found = needs(spec, trials)
    sizes = {n: size_of(folder.trial(n).checkpoint) for n in trials}
    others = {n: sizes[n] for n in sorted({*found.maybe, *found.drop}) if sizes[n]}
    promotable = sum(1 for n in found.maybe if n in others) if spec.resume else 0
    return Checkpoints(tuple(n for n in sorted(found.keep) if sizes[n]), others, promotable)


def tidy(folder: StudyFolder) -> Checkpoints:
    """Remove them; return what was removed. Raises :class:`LaunchError` as :func:`checkpoints`."""
    try:
        with locked(folder):
            found = checkpoints(folder)  # not before: a runner may have come and gone
            with closing(StudyWriter(folder.db)) as writer:
                _remove(folder, writer, found)
    except ValueError as error:
        raise LaunchError(str(error)) from error
    return found


def _remove(folder: StudyFolder, writer: StudyWriter, found: Checkpoints) -> None:
    removed: list[int] = []
    try:
        for number in found.others:
            remove_files(folder.trial(number).checkpoint)
            removed += [number]
    except OSError as error:
        raise LaunchError(
            f"the checkpoints of {len(removed)} of {len(found.others)} trials are removed, then one"
            f" could not be: {in_words(error)}"
        ) from error
    finally:
        if removed:
            whose = numbered(removed) if len(removed) == 1 else f"{len(removed)} trials"
            writer.add_event("checkpoints", f"removed the checkpoints of {whose}, as asked for")
