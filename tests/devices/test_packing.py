"""How many trials share a GPU: the rules that hold whatever happens, and what is learned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.execution.gpus.packing import (
    FORGET_AFTER,
    HEADROOM,
    MOST,
    RAISE_AFTER,
    SETTLED,
    Packing,
    Resident,
    Room,
)

GIB = 1 << 30
residents = st.builds(
    Resident,
    trial=st.integers(0, 99),
    task=st.sampled_from(["a", "b"]),
    expected=st.none() | st.integers(0, 30 * GIB),
    peak=st.integers(0, 30 * GIB),
    alone=st.booleans(),
)
rooms = st.builds(
    Room,
    total=st.integers(GIB, 96 * GIB),
    foreign=st.integers(0, 8 * GIB),
    residents=st.lists(residents, max_size=9).map(tuple),
    most=st.integers(1, MOST),
)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["ok", "oom", "live"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 40 * GIB),
        st.floats(0.1, 1e4),
        st.integers(1, MOST),
    ),
    max_size=80,
)
# What is drawn from all of these hardly ever has place for one more.
small_residents = st.builds(
    Resident,
    trial=st.integers(0, 99),
    task=st.sampled_from(["a", "b"]),
    expected=st.integers(0, 12 * GIB),
    peak=st.integers(0, 12 * GIB),
    alone=st.sampled_from([False, False, False, True]),
)
roomy = st.builds(
    Room,
    total=st.integers(60 * GIB, 96 * GIB),
    foreign=st.integers(0, GIB),
    residents=st.lists(small_residents, min_size=1, max_size=3).map(tuple),
    most=st.integers(4, MOST),
)
mild = st.lists(
    st.tuples(
        st.sampled_from(["ok", "live"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 12 * GIB),
        st.just(100.0),
        st.integers(1, MOST),
    ),
    min_size=1,
    max_size=9,
)
memories = st.none() | st.integers(0, 200 * GIB)
cases = st.tuples(happenings, rooms, st.booleans(), memories) | st.tuples(
    mild, roomy, st.just(False), st.none() | st.integers(0, 20 * GIB)
)


def packing_after(happened: list[tuple[str, str, int, float, int]], per_gpu: int = 0) -> Packing:
    packing = Packing(per_gpu)
    for trial, (what, task, peak, duration, level) in enumerate(happened):
        if what == "ok":
            packing.succeeded(task, peak, duration, level)
        elif what == "oom":
            packing.ran_out(level, trial, trial + 0.5)
        else:
            packing.watch(trial, task, peak, SETTLED)
    return packing


@given(happenings, rooms, st.booleans(), memories)
def test_an_empty_gpu_admits_anything(
    happened: list[tuple[str, str, int, float, int]], room: Room, alone: bool, memory: int | None
) -> None:
    packing = packing_after(happened)
    empty = Room(room.total, room.foreign, (), room.most)
    assert packing.admits(empty, "a", memory=memory, alone=alone)
    assert packing.capacity(empty, "a") >= 1


@given(cases)
def test_what_is_admitted_fits(
    case: tuple[list[tuple[str, str, int, float, int]], Room, bool, int | None],
) -> None:
    happened, room, alone, memory = case
    packing = packing_after(happened)
    if not room.residents or not packing.admits(room, "a", memory=memory, alone=alone):
        return
    need = memory if memory is not None else packing.expected("a")
    assert need is not None
    kept = sum(packing.reserved(r) or 0 for r in room.residents)
    assert need + kept + room.foreign + HEADROOM <= room.total
    assert kept >= sum(r.peak for r in room.residents)
    assert not alone
    assert not any(r.alone for r in room.residents)
    assert len(room.residents) < room.most
    assert 1 <= packing.limit <= MOST


def test_room_is_measured_to_the_byte() -> None:
    resident = Resident(trial=1, task="a", expected=4 * GIB, peak=GIB, alone=False)
    room = Room(total=7 * GIB + HEADROOM, foreign=GIB, residents=(resident,), most=4)
    assert Packing().admits(room, "a", memory=2 * GIB)
    assert not Packing().admits(room, "a", memory=2 * GIB + 1)


@given(happenings, st.integers(1, 6), st.integers(0, 8))
def test_a_fixed_number_is_kept_to(
    happened: list[tuple[str, str, int, float, int]], per_gpu: int, there: int
) -> None:
    packing = packing_after(happened, per_gpu)
    room = Room(24 * GIB, 0, tuple(Resident(n) for n in range(there)))
    assert packing.admits(room, "a") == (there < per_gpu)
    assert packing.capacity(room, "a") == per_gpu


def test_nothing_shares_before_the_first_peak_is_known() -> None:
    packing = Packing()
    room = Room(24 * GIB, 0, (Resident(1, "a"),))
    assert not packing.admits(room, "a")
    packing.watch(1, "a", 4 * GIB, SETTLED - 1)
    assert not packing.admits(room, "a")
    packing.watch(1, "a", 4 * GIB, SETTLED)
    assert packing.admits(room, "a")
    packing.forget(1)
    assert not packing.admits(room, "a")
    packing.succeeded("a", 4 * GIB, 100, 1)
    assert packing.admits(room, "a")
    assert not packing.admits(room, "b")


def test_memory_decides_how_many_fit() -> None:
    packing = Packing()
    packing.succeeded("a", 7 * GIB, 100, 1)
    two = tuple(Resident(n, "a", packing.expected("a")) for n in (1, 2))
    assert packing.admits(Room(24 * GIB, 0, two), "a")  # 3 x 7.7 and headroom
    assert not packing.admits(Room(23 * GIB, 0, two), "a")
    assert not packing.admits(Room(24 * GIB, 2 * GIB, two), "a")
    assert packing.capacity(Room(24 * GIB), "a") == 3


def test_a_neighbour_that_grew_beyond_its_share_counts_as_it_is() -> None:
    packing = Packing()
    packing.succeeded("a", 2 * GIB, 100, 1)
    grown = Resident(1, "a", expected=2 * GIB, peak=21 * GIB)
    assert not packing.admits(Room(24 * GIB, 0, (grown,)), "a")


def test_an_out_of_memory_lowers_the_limit_and_successes_raise_it() -> None:
    packing = Packing()
    packing.succeeded("a", GIB, 100, 1)
    packing.ran_out(3, began=0.0, now=9.0)
    assert packing.limit == 2
    assert packing.margin > 0.1
    packing.ran_out(1, began=10.0, now=19.0)  # alone: the configuration is too large by itself
    assert packing.limit == 2
    for _ in range(RAISE_AFTER):
        packing.succeeded("a", GIB, 100, 2)
    assert packing.limit == 3
    assert packing.margin == pytest.approx(0.1)


def test_trials_that_run_out_of_memory_together_are_one_event() -> None:
    packing = Packing()
    for level, now in ((6, 9.0), (5, 9.1), (4, 9.2)):  # the one that asked for too much, and others
        packing.ran_out(level, began=1.0, now=now)
    assert (packing.limit, packing.margin) == (5, pytest.approx(0.15))
    packing.ran_out(5, began=9.3, now=20.0)  # with what that taught
    assert (packing.limit, packing.margin) == (4, pytest.approx(0.225))


def test_only_successes_since_the_last_out_of_memory_raise_the_limit() -> None:
    packing = Packing()
    for _ in range(2 * RAISE_AFTER - 1):
        packing.succeeded("a", GIB, 100, 1)
    assert packing.limit == MOST  # more are never put together
    packing.ran_out(3, began=0.0, now=9.0)
    for _ in range(RAISE_AFTER - 1):
        packing.succeeded("a", GIB, 100, 1)
    assert packing.limit == 2


def test_a_peak_that_was_not_measured_says_nothing() -> None:
    packing = Packing()
    packing.seed("t", [0])
    assert packing.expected("t") is None
    packing.seed("t", [GIB])
    assert packing.expected("t") == int(GIB * 1.1)


def test_a_typical_trial_needs_what_half_of_them_needed() -> None:
    packing = Packing()
    assert packing.typical("a") is None
    for peak in (1, 2, 9):
        packing.succeeded("a", peak * GIB, 100, 1)
    assert packing.typical("a") == 2 * GIB


def test_trials_that_slow_each_other_down_too_much_are_not_put_together() -> None:
    packing = Packing()
    for _ in range(3):
        packing.succeeded("a", GIB, 100, 1)
    assert packing.level("a") == MOST
    for _ in range(3):
        packing.succeeded("a", GIB, 205, 2)  # two at a time take longer than one after the other
    assert packing.level("a") == 1
    assert packing.level("b") == MOST
    for _ in range(FORGET_AFTER):
        packing.succeeded("a", GIB, 100, 1)
    assert packing.level("a") > 1
    packing.succeeded("a", GIB, 100, 1)  # what was measured two at a time is forgotten with it
    assert packing.level("a") > 1
    for _ in range(3):
        packing.succeeded("a", GIB, 205, 2)  # what was measured alone is not
    assert packing.level("a") == 1


def test_trials_that_gain_together_stay_together() -> None:
    packing = Packing()
    for level, duration in ((1, 100.0), (2, 120.0), (3, 150.0)):
        for _ in range(4):
            packing.succeeded("a", GIB, duration, level)
    assert packing.level("a") == MOST
    for _ in range(3):
        packing.succeeded("a", GIB, 260, 4)
    assert packing.level("a") == 3
    rates = packing.throughput("a")
    assert rates[3] > rates[2] > rates[1]


@given(st.lists(st.floats(50, 150), min_size=3, max_size=20), st.floats(2.2, 5))
def test_one_odd_duration_decides_nothing(durations: list[float], slower: float) -> None:
    packing = Packing()
    for duration in durations:
        packing.succeeded("a", GIB, duration, 1)
    for _ in range(2):
        packing.succeeded("a", GIB, slower * 1000, 2)
    assert packing.level("a") == MOST
