"""All that is said of a trial beside the best one, on its screen and on the command line. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.code_versions import version_at
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import STATES
from hpo_tui.store.models import Event, Trial
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.progress import Progress, progress_of
from hpo_tui.tui.words.side_by_side import best_title, of_several, record_entries, trial_entries


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is said of a trial: a heading, the columns' titles, the lines."""

    title: str
    columns: tuple[str, ...]
    entries: tuple[Entry, ...]


def sheet(
    snapshot: Snapshot,
    row: int,
    record: Trial | None,
    events: Sequence[Event],
    files: Mapping[str, str | None],
    *,
    places: str = "",
) -> Sheet:
    """Return what is said of the trial at ``row``; ``record`` and its ``files`` once read.

    ``places``: how it stands among the others at the step that it has reached.
    """
    from hpo_tui.engine.analysis.front import best_rows

    best = best_rows(snapshot.frame, snapshot.spec)
    other = next((int(r) for r in best if int(r) != row), None)
    rows: list[int | None] = [row]
    columns = ["this trial"]
    if other is not None:
        columns.append(best_title(snapshot, other, after=other != int(best[0])))
        rows.append(other)
    entries = trial_entries(snapshot, rows, means=rows[1:])
    if places:
        entries.append(Entry("at this step", ((places, ""),), places))
    if record is not None:
        entries += _code_entries(snapshot, record, events)
        entries += record_entries(record, events, snapshot.time, went_on(snapshot, row))
        entries += _file_entries(snapshot.folder, files)
    return Sheet(_title(snapshot, row), tuple(columns), tuple(entries))


def reason(snapshot: Snapshot, row: int, record: Trial | None, events: Sequence[Event]) -> str:
    """Return how the trial at ``row`` ended, or since when it is overdue and what ends it then."""
    if record is None or record.reason:
        return record.reason if record is not None else ""
    number = int(snapshot.frame.number[row])
    told = [e for e in events if e.kind == "overdue"]
    if number not in snapshot.overdue or not told:
        return ""
    text = told[-1].text.removeprefix(f"trial {number} ")
    return f"overdue at {fmt.clock(told[-1].time, snapshot.time)}: {text}"


def began(record: Trial, events: Sequence[Event]) -> float | None:
    """Return when the last attempt of a trial began, None if none has."""
    starts = [e.time for e in events if e.kind in ("started", "promoted")]
    return max(starts, default=record.started)


def _code_entries(snapshot: Snapshot, record: Trial, events: Sequence[Event]) -> list[Entry]:
    """Return what is known of the code that the trial ran."""
    ran = version_at(snapshot.code, began(record, events))
    if ran is None:
        return []
    text = ran.words()
    return [Entry("code", ((plain(text), ""),), text, wrap=True)]


def files_of(folder: StudyFolder, number: int) -> dict[str, str | None]:
    """Return name → path of what there is of a trial on the disk, None for what there is not."""
    files = folder.trial(number)
    places: dict[str, Path] = {
        "folder": files.path, "log": files.log, "params": files.params, "reports": files.reports,
        "checkpoint": files.checkpoint,
    }  # fmt: skip
    there = {name: path for name, path in places.items() if _is_there(path)}
    return {name: str(there[name]) if name in there else None for name in places}


def _is_there(path: Path) -> bool:
    """Whether there is a file, or a folder that is not known to be empty, as one closed to us."""
    try:
        if not path.is_dir():
            return path.is_file()
    except OSError:  # in a folder that is closed
        return False
    try:
        return any(path.iterdir())
    except OSError:
        return True


def _file_entries(folder: StudyFolder, files: Mapping[str, str | None]) -> list[Entry]:
    """Return where the files are: from where trials run, as the end of a path says most."""
    above = f"{folder.workplace}/"
    found = [(name, path) for name, path in files.items() if path is not None]
    lines = [Entry(n, ((plain(p.removeprefix(above)), ""),), plain(p)) for n, p in found]
    return [Entry("files"), *lines] if lines else []


def _title(snapshot: Snapshot, row: int) -> str:
    from hpo_tui.engine.analysis.front import best_rows, front_rows

    frame, spec = snapshot.frame, snapshot.spec
    star = " ★" if frame.starred[row] else ""
    words = "on the Pareto front" if len(spec.objectives) > 1 else "(the best)"
    front = f" {words}" if row in front_rows(frame, spec, best_rows(frame, spec)) else ""
    task, state = plain(frame.tasks[frame.task[row]]), STATES[frame.state[row]]
    said = f"trial {frame.number[row]}{star}  {state} at {task}{front}"
    far = progress_of(snapshot).get(row, Progress())
    begun = far.so_far if far.unheard else ""
    how_far = " ".join(filter(None, [begun, far.short(left=True)]))
    return "  ".join(filter(None, [said, how_far, of_several(snapshot, row)]))


def promoted_to(snapshot: Snapshot, row: int) -> list[int]:
    """Return the rows of the trials at which the configuration of ``row`` went on from it."""
    frame = snapshot.frame
    costs = {t.name: t.cost for t in snapshot.spec.tasks}
    own = costs.get(frame.tasks[frame.task[row]], 1.0)
    same = (frame.configuration == frame.configuration[row]) & (frame.repeat == 0)
    later = (same & (frame.number > frame.number[row])).nonzero()[0].tolist()
    return [r for r in later if costs.get(frame.tasks[frame.task[r]], 0.0) > own]


def went_on(snapshot: Snapshot, row: int) -> str:
    """Return in words where the trial at ``row`` was promoted to: ``#12 at 60 epochs``."""
    frame = snapshot.frame
    return ", ".join(
        f"#{frame.number[r]} at {frame.tasks[frame.task[r]]}" for r in promoted_to(snapshot, row)
    )
