"""Two hundred broken study files: each is refused at the right line and key, with a way out.

A case takes one line of a sound file and puts another in its place. The error must name the key,
stand on that line, and say what is given in the case.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import dotted
from hpo_tui.engine.spec.reading.locate import locate

SOUND = """\
[study]
name = "sparse"
command = "python train.py --lr {lr} --epochs {epochs} {?amp:--amp}"
budget = 40
resume = true
seed = 3
repeats = 2
cost = "declared"
noisy = true
warm = ["torch"]
template = "net.yaml"
constraints = ["lr < momentum"]

[env]
MODE = "{width}"

[space.lr]
type = "float"
low = 0.0001
high = 0.1
log = true
prior = { mean = -2, sd = 0.5 }

[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]
default = "sgd"

[space.momentum]
type = "float"
low = 0.0
high = 0.9
step = 0.1
when = { optimizer = ["sgd"] }

[space.width]
type = "int"
low = 16
high = 256
step = 8

[space.size]
type = "ordinal"
choices = [1, 2, 4]

[space.amp]
type = "categorical"
choices = [true, false]

[space.frozen]
type = "fixed"
value = 7

[[objective]]
metric = "accuracy"
direction = "maximize"
threshold = 0.965
summary = "max"

[[objective]]
metric = "weights"
direction = "minimize"
threshold = 20000
log = true

[[constraint]]
metric = "latency"
min = 1
max = 8

[[task]]
name = "15 epochs"
epochs = 15
cost = 0.25

[[task]]
name = "60 epochs"
epochs = 60
cost = 1.0

[resources]
gpus = "all"
gpus_per_trial = 1
trials_per_gpu = "auto"
slots = 2
threads = 4
timeout = "2h"
stall = "5m"
grace = 10
checkpoint_quota = "20 GB"
failures = 5

[stopping]
enabled = true
min_step = 3
patience = 0.05

[[metrics]]
kind = "stdout"
pattern = "acc=(?P<accuracy>.+)"
step = "epoch"
rename = { acc = "accuracy" }

[[start]]
lr = 0.01
optimizer = "sgd"
"""

OTHERS = ("task[2].cost",)
"""Keys that another entry of their list makes wrong."""

Case = tuple[str, str, str, str]
"""The line that is replaced, what stands there instead, the key, a part of the message."""

NOT_NUMBERS = ['"12"', "true", "[1]", "{ a = 1 }", "nan", "inf", "1979-05-27", '""']
NOT_WHOLE = ["1.5", '"3"', "false", "[]", "1e300", "-inf"]
NOT_FLAGS = ['"yes"', "1", "0", "[true]", '"true"']
NOT_TEXTS = ["3", "true", "[1]", "07:32:00", '"\\u0000"']
NOT_TIMES = ['"2 fortnights"', '"-1h"', "0", '"h"', '""', "true", "[1]", '"1h 2"', "-5"]
NOT_TIMES.append(f'"{"9" * 400}h"')


def numbers() -> Iterator[Case]:
    """Every number with everything that is none."""
    places = [
        ("low = 0.0001", "low", "space.lr.low"),
        ("high = 0.1", "high", "space.lr.high"),
        ("step = 0.1", "step", "space.momentum.step"),
        ("threshold = 0.965", "threshold", "objective[1].threshold"),
        ("max = 8", "max", "constraint[1].max"),
        ("cost = 0.25", "cost", "task[1].cost"),
        ("patience = 0.05", "patience", "stopping.patience"),
    ]
    for line, name, key in places:
        for value in NOT_NUMBERS:
            yield line, f"{name} = {value}", key, "number"
    for line, name, key in [
        ("low = 16", "low", "space.width.low"),
        ("seed = 3", "seed", "study.seed"),
        ("repeats = 2", "repeats", "study.repeats"),
        ("slots = 2", "slots", "resources.slots"),
        ("min_step = 3", "min_step", "stopping.min_step"),
    ]:
        for value in NOT_WHOLE:
            yield line, f"{name} = {value}", key, "must be"


def words() -> Iterator[Case]:
    """Flags, texts, times and words of a few."""
    for line, name, key in [
        ("resume = true", "resume", "study.resume"),
        ("noisy = true", "noisy", "study.noisy"),
        ("enabled = true", "enabled", "stopping.enabled"),
    ]:
        for value in NOT_FLAGS:
            yield line, f"{name} = {value}", key, "must be true or false"
    for line, name, key in [
        ('name = "sparse"', "name", "study.name"),
        ('metric = "accuracy"', "metric", "objective[1].metric"),
        ('name = "15 epochs"', "name", "task[1].name"),
        ('step = "epoch"', "step", "metrics[1].step"),
    ]:
        for value in NOT_TEXTS:
            yield line, f"{name} = {value}", key, ""
    for line, name, key in [
        ('timeout = "2h"', "timeout", "resources.timeout"),
        ("grace = 10", "grace", "resources.grace"),
    ]:
        for value in NOT_TIMES:
            yield line, f"{name} = {value}", key, 'such as "2h"'
    for value in ['"loud"', '"Maximize!"', "1", "true"]:
        yield 'direction = "maximize"', f"direction = {value}", "objective[1].direction", "one of"
        yield 'summary = "max"', f"summary = {value}", "objective[1].summary", "one of"
        yield 'kind = "stdout"', f"kind = {value}", "metrics[1].kind", "one of"
        yield 'cost = "declared"', f"cost = {value}", "study.cost", "one of"
    for value in [
        '"many"',
        "0",
        "-3",
        '"3 weeks of work"',
        "0.5",
        "[]",
        '"1.5 trials"',
        '"0 trials"',
    ]:
        yield "budget = 40", f"budget = {value}", "study.budget", ""
    for value in ['"20 apples"', "0", "-1", '"GB"', "true"]:
        yield (
            'checkpoint_quota = "20 GB"',
            f"checkpoint_quota = {value}",
            "resources.checkpoint_quota",
            "such as",
        )


def single() -> Iterator[Case]:
    """The cases of ``cases.tsv``."""
    for row in Path(__file__).with_name("cases.tsv").read_text("utf-8").splitlines():
        if not row.startswith("#"):
            fields = [
                re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), f) for f in row.split("\t")
            ]
            yield fields[0], fields[1], fields[2], fields[3]


CASES = [*numbers(), *words(), *single()]


def place(case: Case) -> tuple[str, set[int]]:
    """Return the broken text, and the lines on which its error may stand."""
    old, new, key, _ = case
    assert SOUND.count(f"\n{old}\n") or SOUND.startswith(f"{old}\n"), old
    text = f"\n{SOUND}".replace(f"\n{old}\n", f"\n{new}\n" if new else "\n", 1)[1:]
    first = f"\n{SOUND}".index(f"\n{old}\n")
    line = f"\n{SOUND}"[: first + 1].count("\n")
    # The key that is named may be another one than the line that was touched, or be missing.
    known = {dotted(path): at for path, at in locate(text).items()}
    named = key
    while named and named not in known:
        named = named.rpartition(".")[0] or named.rpartition("[")[0]
    expected = known.get(named, line)
    if new.startswith(f"{key.rpartition('.')[2]} = ") and key not in OTHERS:
        assert expected == line, (key, expected, line)
    return text, {expected}


def test_the_file_that_is_broken_is_sound() -> None:
    spec = StudySpec.from_text(SOUND)
    assert spec.parameter("momentum").when == {"optimizer": ("sgd",)}
    assert spec.resources.timeout == 7200
    assert spec.resources.checkpoint_quota == 20_000_000_000


def test_there_are_two_hundred() -> None:
    assert len(set(CASES)) >= 200


@pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{c[2]}: {c[1]}"[:60].encode("unicode_escape").decode()
)
def test_broken(case: Case) -> None:
    text, lines = place(case)
    with pytest.raises(SpecError) as caught:
        StudySpec.from_text(text)
    found = [p for p in caught.value.problems if p.key == case[2]]
    assert found, [p.show() for p in caught.value.problems]
    assert any(case[3] in p.message for p in found), [p.show() for p in found]
    assert all(p.line in lines for p in found), ([p.show() for p in found], lines)
    assert "\x1b" not in str(caught.value)
