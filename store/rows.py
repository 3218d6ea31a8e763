"""Rows of the tables to records and back."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

from hpo_tui.store.models import Command, DeviceSample, Event, Study, StudyState, Trial, TrialState

TRIAL_FIELDS = tuple(f.name for f in fields(Trial) if f.name not in ("params", "metrics"))
"""The fixed columns of a trial; parameters and metrics have a column each beside them."""
FLEETING = "devices"
"""Under which key :func:`fleeting` is kept."""
_FLEETING = ("temperature", "power", "others", "trouble")


class StrangeValueError(sqlite3.DatabaseError):
    """A value in the file is none that can stand in its place: others have written there."""


@contextmanager
def legible() -> Iterator[None]:
    """Raise :class:`StrangeValueError` for values of the file that cannot be what they should."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise StrangeValueError(f"a value in it is none that hpo-tui writes: {error}") from error


def storable(value: Any) -> Any:
    """Return ``value`` as SQLite takes it: bytes of a path that are no UTF-8 are no text to it."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "replace").decode()


def encode_trial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fixed columns among ``values`` as SQLite takes them."""
    row = {k: storable(v) for k, v in values.items() if k not in ("params", "metrics")}
    for key, encode in (("why", dict), ("tags", list)):
        if key in row:
            row[key] = json.dumps(encode(row[key]))
    return row


def trial_from(
    row: Mapping[str, Any],
    params: Mapping[str, str],
    metrics: Mapping[str, str],
    truths: Collection[str],
) -> Trial:
    """Return the trial of a row; ``params`` and ``metrics`` map column to name.

    ``truths``: columns whose 0 and 1 mean false and true.
    """
    # A file of an earlier schema, which no runner has opened since, lacks what was added.
    known = {k: row[k] for k in TRIAL_FIELDS if k in row}
    known["state"] = _state_of(row)
    known["why"] = json.loads(known["why"])
    known["tags"] = tuple(json.loads(known["tags"]))
    known["teaches"] = bool(known["teaches"])
    known["starred"] = bool(known["starred"])
    return Trial(
        params={
            name: bool(row[c]) if c in truths and row[c] in (0, 1) else row[c]
            for c, name in params.items()
            if row[c] is not None
        },
        metrics={name: row[c] for c, name in metrics.items() if row[c] is not None},
        **known,
    )


def _state_of(row: Mapping[str, Any]) -> TrialState:
    try:
        return TrialState(row["state"])
    except ValueError as error:
        raise no_state(row["number"]) from error


def no_state(trial: int) -> sqlite3.DatabaseError:
    """Return what is wrong where a trial's state is none that there is."""
    return sqlite3.DatabaseError(
        f"the state of trial {trial} in it is none of {', '.join(TrialState)}: another program may"
        " have written it"
    )


def study_from(row: Mapping[str, Any]) -> Study:
    """Return the study of its row."""
    values = {f.name: row[f.name] for f in fields(Study)}
    values["state"] = StudyState(values["state"])
    return Study(**values)


def event_from(row: Mapping[str, Any]) -> Event:
    """Return the event of a row."""
    return Event(
        row["id"], row["time"], row["kind"], row["text"], row["trial"], json.loads(row["data"])
    )


def command_from(row: Mapping[str, Any]) -> Command:
    """Return the command of a row."""
    ok = None if row["ok"] is None else bool(row["ok"])
    return Command(
        row["id"], row["asked"], row["action"], json.loads(row["args"]), row["taken"],
        row["answered"], ok, row["answer"],
    )  # fmt: skip


def device_from(row: Mapping[str, Any], now: Mapping[str, Any]) -> DeviceSample:
    """Return the telemetry sample of a row. ``now``: what :func:`fleeting` made of the newest."""
    sample = DeviceSample(
        row["time"], row["device"], row["name"], row["memory_used"], row["memory_total"],
        row["utilization"], tuple(json.loads(row["trials"])), row["foreign_used"],
    )  # fmt: skip
    kept = now.get(sample.device, {})
    if kept.get("time") != sample.time:
        return sample
    return replace(sample, **{name: kept[name] for name in _FLEETING if name in kept})


def fleeting(samples: Iterable[DeviceSample]) -> dict[str, dict[str, Any]]:
    """Return what is kept of the newest samples alone, by device."""
    return {s.device: {n: getattr(s, n) for n in ("time", *_FLEETING)} for s in samples}
