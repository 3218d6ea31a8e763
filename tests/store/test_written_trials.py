"""Trials as text and as columns, whatever their values and names are."""

import csv
import io
import json
import math

import pytest

from hpo_tui.store.models import Report, Trial, TrialState
from hpo_tui.store.transfer.rows import record, report_record
from hpo_tui.store.transfer.write_parquet import column
from hpo_tui.store.transfer.write_text import json_line, write_json, write_trials_csv

ODD = ["a,b", 'say "x"', "two\nlines", "back\rhere", "\r\n", "ü→", " ", "'", "=1+1", "\x1b[2J"]
METRIC = 'm"1",ü'


def trial(number: int, value: object = 0.5, metric: float = 1.0) -> Trial:
    return Trial(
        number, number, "full", TrialState.COMPLETE, 1.0,
        {"x": value},  # type: ignore[dict-item]
        {METRIC: metric}, tags=("a, b", "c"), note="n\r1",
    )  # fmt: skip


def written(*trials: Trial, escape: bool = False) -> str:
    to = io.StringIO(newline="")
    write_trials_csv(trials, ["x", "y"], [METRIC], to, task_costs={"full": 1.0}, escape=escape)
    return to.getvalue()


def test_any_text_comes_back_from_a_table() -> None:
    text = written(*(trial(n, value) for n, value in enumerate(ODD)))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["params.x"] for row in rows] == ODD
    assert {(row["note"], row["params.y"], row["resumed_from"]) for row in rows} == {
        ("n\r1", "", "")
    }
    assert {row[f"metrics.{METRIC}"] for row in rows} == {"1.0"}


def test_plain_cells_stand_without_quotes_on_lines_that_end_as_unix_ends_them() -> None:
    head, row, end = written(trial(1, "adam")).replace("n\r1", "n").split("\n")
    assert not head.endswith("\r")
    assert "adam" in row.split(",")
    assert end == ""


def test_on_a_terminal_nothing_in_a_table_acts() -> None:
    text = written(*(trial(n, value) for n, value in enumerate(ODD)), escape=True)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert r"\x1b[2J" in text
    bell = io.StringIO()
    write_trials_csv([], ["\x07"], [], bell, task_costs={}, escape=True)
    assert r"params.\x07" in bell.getvalue()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_nothing_wherever_it_stands(number: float) -> None:
    row = record(trial(1, number, number), {})
    assert (row["params"], row["metrics"]) == ({"x": None}, {METRIC: None})
    assert report_record(Report(1, 0, 3, {"a": number, "b": 2.0}))["metrics"] == {
        "a": None,
        "b": 2.0,
    }
    text = written(trial(1, number, number))
    assert "nan" not in text
    assert "inf" not in text
    to = io.StringIO()
    write_json([row, row], to)
    assert [json.loads(line) for line in to.getvalue().splitlines()] == [
        {**row, "tags": ["a, b", "c"]}
    ] * 2


def test_a_line_of_json_is_ascii() -> None:
    line = json_line({"ü\x9b": "\x1b[2J\u2028"})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"ü\x9b": "\x1b[2J\u2028"}


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("params.x", [1, 2.5, None], ([1.0, 2.5, None], None)),
        ("params.x", [1, "auto", None], (["1", "auto", None], None)),
        ("params.x", [True, 1.5], (["True", "1.5"], None)),
        ("params.x", [True, 1], (["True", "1"], None)),
        ("params.x", [1, None], ([1, None], None)),
        ("metrics.a", [1, 2.5, None], ([1, 2.5, None], "double")),
        ("metrics.a", [None], ([None], "double")),  # none has reported it yet: still a number
        ("resumed_from", [None, 3], ([None, 3], "int64")),
        ("note", [None], ([None], "string")),
    ],
)
def test_a_column_has_one_type(
    name: str, values: list[object], found: tuple[list[object], str | None]
) -> None:
    told = column(values, name)
    assert told == found
    assert [type(v) for v in told[0]] == [type(v) for v in found[0]]
