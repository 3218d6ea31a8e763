"""Numbers, spans and moments as they are said: in few characters, and none that misleads."""

import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.store.models import Event
from hpo_tui.tui.widgets.events import EventRows
from hpo_tui.tui.words import figures, fmt

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-7, "1e-7"), (1e12, "1T"), (0.1 + 0.2, "0.3"), (-0.0, "0"), (-1e-300, "-1e-300"),
        (999_960.0, "1M"), (-999_960.0, "-1M"), (999_499.5, "999k"), (999.96e6, "1G"),
        (12_345.6, "12.3k"), (2**53 + 2, "9.01e15"), (99_999.0, "99999"), (math.nan, "-"),
    ],
)  # fmt: skip
def test_a_number_is_said_in_its_own_order_of_magnitude(value: float, text: str) -> None:
    assert fmt.number(value) == text


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_is_read_as_what_it_was_but_for_its_last_digits(value: float) -> None:
    text = fmt.number(value)
    assert fmt.read(text) == pytest.approx(value, rel=0.006)
    assert len(text) <= 10
    assert "1000k" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (2e-4, "1ms"), (0.0234, "23ms"), (0.0996, "0.1s"),
        (0.3, "0.3s"), (9.96, "10s"), (59.6, "60s"), (99.4, "99s"), (99.6, "1m40"),
        (150, "2m30"), (119.7, "2m00"), (599.6, "10m"), (5000, "83m"), (8000, "2h13"),
    ],
)  # fmt: skip
def test_how_long_trials_ran_is_told_apart(seconds: float, text: str) -> None:
    assert fmt.took(seconds) == text


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kathmandu"])
def zone(request: pytest.FixtureRequest, in_zone: Callable[[str], None]) -> None:
    in_zone(request.param)


@pytest.mark.usefixtures("zone")
def test_an_event_of_another_day_says_which() -> None:
    local = time.localtime(NOW)
    midnight = NOW - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec)
    assert fmt.clock(midnight, NOW) == "00:00:00"
    assert len(fmt.clock(midnight - 1, NOW)) == len("09-20 23:59")
    assert fmt.clock(midnight - 1, NOW).endswith(" 23:59")
    assert fmt.clock(NOW - 400 * 86_400, NOW) == "2025-08-17"
    events = [Event(n, when, "edited", "", None) for n, when in enumerate((NOW, midnight - 1))]
    rows = EventRows(events, NOW)
    assert all(len(rows.cells(n)[0][0]) <= rows.columns[0].width for n in range(2))
    assert EventRows(events[:1], NOW).columns[0].width == 8


def test_the_hour_that_comes_twice_is_local_time(in_zone: Callable[[str], None]) -> None:
    in_zone("America/New_York")
    turned = 1_793_512_800.0  # 2026-11-01 06:00 UTC: clocks go back from 02:00 to 01:00
    assert fmt.clock(turned - 1, turned) == "01:59:59"
    assert fmt.clock(turned, turned) == "01:00:00"


def test_a_choice_of_nothing_to_be_seen_is_a_value_all_the_same() -> None:
    assert fmt.values(["", " ", "none"]) == ['""', '" "', "none"]
    assert fmt.value(None) == "-"


def test_shares_of_a_whole_sum_to_a_hundred() -> None:
    assert fmt.shares({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}) == {"a": "34%", "b": "33%", "c": "33%"}
    assert fmt.shares({"a": 0.996, "b": 0.004}) == {"a": "100%", "b": "0%"}
    assert fmt.shares({"a": 0.0, "b": 0.0}) == {"a": "0%", "b": "0%"}
    assert fmt.shares({}) == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40).filter(lambda p: sum(p) > 1e-6))
def test_no_share_is_off_by_a_whole_per_cent(parts: list[float]) -> None:
    whole = sum(parts)
    exact = {str(n): part / whole for n, part in enumerate(parts)}
    found = {name: int(text.rstrip("%")) for name, text in fmt.shares(exact).items()}
    assert sum(found.values()) == 100
    assert all(abs(found[name] - 100 * exact[name]) < 1 + 1e-9 for name in exact)


HARD = [0.000123456, 1_234_567.891, -1.2345678e-17, 1e300, 123_456_789_012.0, 0.965, 20_000.0]


@pytest.mark.parametrize("value", HARD)
@pytest.mark.parametrize("width", range(1, 16))
def test_a_number_without_room_loses_digits_and_is_never_cut(value: float, width: int) -> None:
    for text in (fmt.limit_in(value, width), fmt.fitted(value, width)):
        assert len(text) <= width
        # Of three digits the first is right; of one the order of magnitude at least.
        assert text == "…" or fmt.read(text) == pytest.approx(value, rel=0.5)


def test_a_goal_has_all_its_digits_where_there_is_room() -> None:
    assert [fmt.limit_in(0.000123456, w) for w in (11, 9, 8, 4)] == [
        "0.000123456", "1.2346e-4", "1.235e-4", "1e-4",
    ]  # fmt: skip
    assert [fmt.limit_in(1_234_567.891, w) for w in (9, 8, 5)] == ["1234567.9", "1.23457M", "1.23M"]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("loss 0.000123456", 16, "loss 0.000123456"),
        ("loss 0.000123456", 12, "loss…"),
        ("loss 1.5e-17 lr 3", 11, "loss…"),
        ("loss 1.5e-17 lr 3", 13, "loss 1.5e-17…"),
        ("from -12.5 to 3", 8, "from…"),
        ("layer12345", 8, "layer12…"),  # a name
        ("accuracy 1", 6, "accur…"),
        ("12345", 4, "…"),
        ("loss… 12", 6, "loss…"),  # one mark is enough
        ("loss… 0.123", 9, "loss…"),
    ],
)
def test_a_line_is_not_cut_inside_a_number(text: str, width: int, shown: str) -> None:
    assert fmt.clip_line(text, width) == shown


@pytest.mark.parametrize("value", [1e-05, -2.5e-07, 1e16, 1.2e-10])
def test_the_command_line_writes_exponents_as_the_screens_do(value: float) -> None:
    assert (
        figures.number(value) == figures.exact(value) == figures.shown(value) == fmt.number(value)
    )
    assert "e-0" not in figures.number(value)
