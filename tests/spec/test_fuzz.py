"""Whatever the text: a study or a SpecError, quickly; and what is written reads back the same."""

import contextlib
import math
import random
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.spec import (
    Budget,
    BudgetUnit,
    Direction,
    EarlyStopping,
    MetricSource,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Prior,
    Resources,
    SpecError,
    StudySpec,
    Summary,
    Task,
)
from hpo_tui.engine.spec.command import command_line, placeholder_values
from hpo_tui.engine.spec.space import (
    InfeasibleError,
    compiled_constraints,
    sample,
    validate_params,
)
from hpo_tui.engine.spec.text.write import write

PIECES = [
    *('"', "'", "[", "]", "{", "}", "=", "\n", "#", "\\", "\0", "\x1b[31m", "\u202e", "\ufeff"),
    *("9" * 400, "1e999", "nan", "-inf", "-1", "0", "true", '"""', "'''", "{lr}", "{{", "."),
    *("1979-05-27", "[]", "{}", '""', "[[", "lr", "é", "😀", "-0.0", "1e308", "0x10", "07:32:00"),
    *(" and ", "x" * 300, '"a\\u0000b"', "[1, 1.0, true]", '["a", {}]', "12345678901234567890"),
    "[" * 2000,
]


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(text) + 1)
        way = rng.random()
        if way < 0.25:
            text = text[:at] + text[at + rng.randrange(1, 30) :]
        elif way < 0.5:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif way < 0.8:
            lines = text.split("\n")
            nth = rng.randrange(len(lines))
            lines[nth] = f"{lines[nth].partition('=')[0]}= {rng.choice(PIECES)}"
            text = "\n".join(lines)
        else:
            lines = text.split("\n")
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            text = "\n".join(lines)
    return text


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_text_gives_a_study_or_a_spec_error(full_text: str, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(30):
        text = mutated(full_text, rng)
        found = outcome(text)
        if isinstance(found, StudySpec):
            assert StudySpec.from_text(write(found)) == found
            check_sound(found)
            continue
        assert found.problems
        assert all(p.message and 1 <= (p.line or 1) <= text.count("\n") + 1 for p in found.problems)
        assert str(found).replace("\n", "").isprintable()


def check_sound(spec: StudySpec) -> None:
    """What every other part of the program may rely on."""
    costs = [t.cost for t in spec.tasks]
    assert all(0 < c <= 1 for c in costs)
    assert costs.count(1) == 1
    assert len(set(costs)) == len({t.name for t in spec.tasks}) == len(costs)
    assert spec.budget.amount > 0
    assert spec.free
    for p in spec.space:
        assert math.isfinite(p.low)
        assert math.isfinite(p.high)
        assert not p.numeric or p.low < p.high
        assert not p.log or p.low > 0
        assert p.numeric or p.choices or p.value is not None
        assert all(parent in [q.name for q in spec.space] for parent in p.when)
    assert all(isinstance(o.metric, str) and o.metric for o in spec.objectives)
    with contextlib.suppress(InfeasibleError):
        params = sample(spec.space, compiled_constraints(spec), random.Random(0))
        assert validate_params(spec, params) == []
        for task in spec.tasks:
            values = placeholder_values(spec, params, task, "/t")
            assert all("\0" not in w for w in command_line(spec, values))


def outcome(text: str) -> StudySpec | SpecError:
    try:
        return StudySpec.from_text(text)
    except SpecError as error:
        return error


@given(st.text())
@settings(max_examples=60)
def test_any_text(text: str) -> None:
    with pytest.raises(SpecError):
        StudySpec.from_text(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["study", "space", "objective", "constraint", "task", "resources", "metrics", "start", "env"]
)


@given(
    st.dictionaries(
        KEYS, JSON | st.lists(st.dictionaries(st.text(max_size=6), JSON, max_size=3), max_size=3)
    )
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_any_mapping(data: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        StudySpec.from_dict(data)


NAMES = st.text(
    string.ascii_letters + string.digits + "_-. é/\"'#=[]", min_size=1, max_size=12
).filter(lambda n: n.strip() == n and n[0] not in ".-")
TEXTS = st.text(min_size=0, max_size=10).filter(lambda t: "\0" not in t and t.isprintable())
NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
PARAM_NAMES = st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda n: n.lower())


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Parameter:
    kind = draw(st.sampled_from(list(ParameterKind)))
    if kind is ParameterKind.FIXED:
        return Parameter(
            name, kind, value=draw(TEXTS | st.booleans() | st.integers(-99, 99) | NUMBERS)
        )
    if kind in (ParameterKind.CATEGORICAL, ParameterKind.ORDINAL):
        values = draw(st.lists(TEXTS | st.integers(2, 99) | st.booleans(), min_size=1, max_size=4))
        distinct: list[str | int | bool] = []
        for value in values:
            if value not in distinct:
                distinct.append(value)
        default = draw(st.none() | st.sampled_from(distinct))
        return Parameter(name, kind, choices=tuple(distinct), default=default)
    low: float = draw(st.integers(1, 50))
    high: float = low + draw(st.integers(1, 50))
    if kind is ParameterKind.FLOAT:
        low, high = low / 7, high / 7
    log = draw(st.booleans())
    prior = draw(st.none() | st.just(Prior("beta", 2.0, 5.0)))
    step = 1 if kind is ParameterKind.INT and not log and draw(st.booleans()) else None
    return Parameter(name, kind, low, high, log=log, step=step, prior=prior)


@st.composite
def specs(draw: st.DrawFn) -> StudySpec:
    names = draw(PARAM_NAMES)
    space = [draw(parameters(n)) for n in names]
    space.append(Parameter("free one", ParameterKind.FLOAT, 0.0, 1.0, when={}))
    words = tuple(draw(st.lists(TEXTS.filter(lambda t: not set(t) & set("{}")), max_size=4)))
    budget = draw(
        st.sampled_from([Budget(40), Budget(1.25), Budget(3.5, BudgetUnit.GPU_HOURS)])
        | st.integers(1, 99).map(lambda n: Budget(n, BudgetUnit.TRIALS))
        | st.integers(1, 10**7).map(lambda s: Budget(s, BudgetUnit.WALL))
    )
    log = draw(st.booleans())
    objective = Objective(
        "m",
        draw(st.sampled_from(Direction)),
        draw(st.none() | (st.floats(1e-12, 1e12) if log else NUMBERS)),
        log=log,
        summary=draw(st.sampled_from(Summary)),
    )
    return StudySpec(
        name=draw(st.from_regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9_ é-]{0,8}[a-z]\Z")),
        command=("python", *words),
        budget=budget,
        space=tuple(space),
        objectives=(objective,),
        outcome_constraints=(OutcomeConstraint("c", draw(NUMBERS), None),),
        tasks=(Task("a b", 0.1, {"epochs": 3}), Task("c", 1.0, {"epochs": 30})),
        resume=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
        repeats=draw(st.integers(1, 9)),
        cost_measured=draw(st.booleans()),
        noisy=draw(st.none() | st.booleans()),
        constraints=draw(st.sampled_from([(), ("`free one` <= 1", "`free one` >= 0")])),
        template=draw(st.sampled_from([None, ("a.toml", "a.toml"), ("in/a.toml", "b.toml")])),
        stop_when=draw(st.integers(0, 99)),
        notify=draw(st.sampled_from([(), ("mail", "me"), ("/bin/sh", "-c", 'a "$B" {c}\nd')])),
        warm=("torch", "a.b"),
        learn_from=("lr-sweep", "../old/.hpo/sweep"),
        record=("val loss", "grad/norm"),
        env={"A": draw(TEXTS.filter(lambda t: not set(t) & set("{}")))},
        start=({"free one": draw(st.floats(0, 1))},),
        metrics=(
            MetricSource(pattern=r"x=(?P<m>\d+)", rename={"q/r": "m"}),
            MetricSource("csv", "out/m.csv", step="epoch"),
        ),
        stopping=EarlyStopping(
            draw(st.booleans()), draw(st.integers(1, 9)), draw(st.floats(0, 0.9))
        ),
        resources=Resources(
            *draw(st.sampled_from([("all",), ("none",), ((0, 2), 2, 1), (("GPU-1f",), 1, 3)])),
            slots=draw(st.integers(1, 9)),
            threads=draw(st.none() | st.integers(1, 9)),
            nice=draw(st.integers(0, 19)),
            timeout=draw(st.none() | st.floats(0.001, 1e7)),
            stall=draw(st.none() | st.floats(0.001, 1e7)),
            grace=draw(st.floats(0.001, 1e7)),
            failures=draw(st.integers(1, 9)),
            checkpoint_quota=draw(st.none() | st.integers(1, 10**15)),
        ),
    )  # fmt: skip


@given(specs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_back_the_same(spec: StudySpec) -> None:
    text = write(spec)
    assert StudySpec.from_text(text) == spec
    assert write(StudySpec.from_text(text)) == text
