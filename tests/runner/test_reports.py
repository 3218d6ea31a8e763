import json
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.execution import reports
from hpo_tui.engine.execution.proposals.wire import Inbox, Outbox
from hpo_tui.engine.execution.reports import ReportTail, parse


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"step": 3, "accuracy": 0.91}', (3, {"accuracy": 0.91})),
        (b'{"accuracy": 1}', (None, {"accuracy": 1.0})),
        (b'{"step": 2.0, "ok": true}', (2, {"ok": 1.0})),
        (b'{"step": null, "name": "x", "l": [1], "a": 2}', (None, {"a": 2.0})),
        (b'{"a": 1e999}', (None, {"a": math.inf})),
        (b'{"a": -Infinity}', (None, {"a": -math.inf})),
        (b'{"step": 1e400, "a": 1}', (None, {"a": 1.0})),
        (b'{"step": NaN, "a": 1}', (None, {"a": 1.0})),
        (b'{"a": ' + b"9" * 400 + b"}", (None, {"a": math.inf})),
        (b'{"a": 1, "\\ud800": 2}', (None, {"a": 1.0, "?": 2.0})),
        (b'{"' + b"x" * 300 + b'": 1, "": 2}', (None, {})),
        (b"[1, 2]", None),
        (b"3", None),
        (b"{", None),
        (b"\xff\x00\x1b[2J", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_line_is_parsed_whatever_is_in_it(line: bytes, found: Any) -> None:
    assert parse(line) == found


def test_nan_is_kept_as_nan() -> None:
    step, metrics = parse(b'{"step": 1, "a": NaN}')
    assert step == 1
    assert math.isnan(metrics["a"])


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    for line in data.split(b"\n"):
        parse(line)


def drain(tail: Any, *, final: Any = True) -> Any:
    found = []
    while True:
        batch = tail.read(final=final)
        if batch.offset == tail.offset:
            return found
        tail.commit(batch)
        found += batch.reports


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_lines_written_in_pieces_come_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path_factory.mktemp("r") / "reports.jsonl"
    data = b"".join(json.dumps({"step": n, "a": n / 7}).encode() + b"\n" for n in range(60))
    tail, found, at = ReportTail(path, 1), [], 0
    while at < len(data):
        size = rng.randint(1, 60) * rng.choice((1, 7))
        with path.open("ab") as file:
            file.write(data[at : at + size])
        at += size
        batch = tail.read()
        if rng.random() < 0.3:  # the runner died before it was stored
            continue
        tail.commit(batch)
        found += batch.reports
        if rng.random() < 0.2:  # another runner goes on from what is stored
            tail = ReportTail(path, 1, tail.offset, tail.seq)
    found += drain(tail)
    assert [r.step for r in found] == list(range(60))
    assert [r.seq for r in found] == list(range(60))


def test_a_half_line_counts_once_the_trial_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b'{"a": 1}\n{"a": 2}')
    tail = ReportTail(path, 1)
    assert len(drain(tail, final=False)) == 1
    assert [r.metrics["a"] for r in drain(tail)] == [2.0]


def test_a_file_that_is_emptied_is_read_anew_with_other_numbers(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n')
    tail = ReportTail(path, 1)
    drain(tail)
    path.write_bytes(b'{"a": 3}\n')
    batch = tail.read()
    assert batch.restarted
    assert [(r.seq, r.metrics["a"]) for r in batch.reports] == [(2, 3.0)]


def test_a_file_that_is_written_anew_at_each_report_is_read_each_time(tmp_path: Path) -> None:
    path, tail, found = tmp_path / "r", ReportTail(tmp_path / "r", 1), []
    for step in range(1, 13):  # at 10 the file grows
        path.write_bytes(b'{"step": %d, "a": 0.%03d}\n' % (step, step))
        os.utime(path, ns=(step, step))  # no clock is too coarse to tell two writes
        batch = tail.read()
        assert batch.restarted is (step > 1)
        tail.commit(batch)
        found += batch.reports
        assert not tail.read().reports
    assert not tail.read(final=True).reports
    assert [r.step for r in found] == list(range(1, 13))
    assert [r.seq for r in found] == list(range(12))


def test_an_endless_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "LONGEST_LINE", 5000)
    monkeypatch.setattr(reports, "SLICE", 1000)
    path = tmp_path / "r"
    path.write_bytes(b"x" * 12_345 + b"\n" + b'{"a": 1}\n')
    assert [r.metrics for r in drain(ReportTail(path, 1))] == [{"a": 1.0}]


def test_a_large_backlog_comes_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "SLICE", 1000)
    path = tmp_path / "r"
    path.write_bytes(b'{"a": 1}\n' * 1000)
    tail = ReportTail(path, 1)
    batch = tail.read()
    assert batch.more
    assert len(batch.reports) == 111
    assert len(drain(tail)) == 1000


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.floats() | st.text(max_size=9)), max_size=9)
)
def test_messages_come_through_a_pipe_whole(messages: Any) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    inbox, outbox, found = Inbox(reading), Outbox(writing), []
    for message in messages:
        outbox.put(message)
    while len(found) < len(messages):
        outbox.flush()
        inbox.read()
        while (message := inbox.take()) is not None:
            found.append(message)
    os.close(writing)
    assert not inbox.read()
    assert inbox.closed
    os.close(reading)
    assert repr(found) == repr(messages)
