from dataclasses import dataclass

import pytest

from hpo_tui.engine.spec import StudySpec, Value
from hpo_tui.engine.spec.edit import EditPlan, plan_edit


@dataclass(frozen=True)
class Ran:
    params: dict[str, Value]
    task: str


NEW = '[space.new]\ntype = "int"\nlow = 1\nhigh = 3\n'
WIDTH = 'type = "int"\nlow = 16\nhigh = 256\nstep = 16'
TRIALS = [
    Ran({"lr": 0.001, "optimizer": "adam", "warmup_start": 0.1, "warmup_end": 0.2, "width": 32,
         "depth": 1, "amp": True}, "15 epochs"),
    Ran({"lr": 0.09, "optimizer": "sgd", "momentum": 0.9, "warmup_start": 0.1, "warmup_end": 0.9,
         "width": 256, "depth": 4, "amp": 0}, "60 epochs"),
]  # fmt: skip


def plan(text: str, old: str, new: str, trials: list[Ran] = TRIALS) -> EditPlan:
    assert text.count(old), old
    return plan_edit(
        StudySpec.from_text(text), StudySpec.from_text(text.replace(old, new, 1)), trials
    )


@pytest.mark.parametrize(
    ("old", "new", "change", "outside"),
    [
        ("high = 1e-1", "high = 1.0", ("widen", "widened from 0.0001 … 0.1 to 0.0001 … 1.0"), 0),
        ("high = 1e-1", "high = 1e-2", ("narrow", "narrowed"), 1),
        ('["sgd", "adam"]', '["sgd", "adam", "lamb"]', ("widen", '"lamb" is added'), 0),
        ('["sgd", "adam"]\n', '["sgd"]\n', ("narrow", 'without "adam"'), 1),
        (WIDTH, 'type = "fixed"\nvalue = 32', ("freeze", "frozen at 32"), 1),
        ("[space.depth]", f"{NEW}default = 2\n[space.depth]", ("add", "earlier trials had 2"), 0),
        ("threshold = 0.965", "threshold = 0.9", ("goal", "0.965 → 0.9"), 0),
        ("max = 8", "max = 9", ("goal", "at most 8 → at most 9"), 0),
        ("budget = 40", "budget = 60", ("budget", "40 → 60"), 0),
        ("budget = 40", 'budget = "12 gpu-hours"', ("budget", "40 → 12 gpu-hours"), 0),
        ("slots = 2", "slots = 3", ("means", "resources.slots: 2 → 3"), 0),
        ('timeout = "2h"', 'stall = "1m"', ("means", "resources.stall: none → 1m"), 0),
        (
            'timeout = "2h"',
            'timeout = "2h"\ncheckpoint_quota = "20 GB"',
            ("means", "resources.checkpoint_quota: none → 20 GB"),
            0,
        ),
        ('timeout = "2h"', 'timeout = "90m"', ("means", "resources.timeout: 2h → 1h 30m"), 0),
        ("budget = 40", "budget = 40\nseed = 7", ("means", "study.seed: 0 → 7"), 0),
        ("budget = 40", 'budget = 40\nwarm = ["x"]', ("means", 'study.warm: "x" is added'), 0),
        ("python train.py", "python train2.py", ("command", "another command"), 0),
        ("warmup_end > warmup_start", "warmup_end > 2 * warmup_start", ("rule", "must hold"), 1),
        ("cost = 0.5", "cost = 0.6", ("task", '"30 epochs" is changed: cost 0.5 → 0.6'), 0),
        ("epochs = 30", "epochs = 40", ("task", "epochs 30 → 40"), 0),
        ("step = 16", "step = 8", ("narrow", "space.width.step: 16"), 0),
    ],
)
def test_allowed(full_text: str, old: str, new: str, change: tuple[str, str], outside: int) -> None:
    found = plan(full_text, old, new)
    assert found.allowed, found.refused
    kind, sentence = change
    assert any(c.kind == kind and sentence in c.text for c in found.changes), found.changes
    assert found.outside == outside


@pytest.mark.parametrize(
    ("old", "new", "key", "sentence"),
    [
        ('"sparse-speech"', '"other"', "study.name", "keeps its name"),
        (WIDTH, 'type = "float"\nlow = 16\nhigh = 256', "space.width.type", "another name"),
        ('[space.depth]\ntype = "ordinal"\nchoices = [1, 2, 4]\n', "", "space.depth", "freeze it"),
        ("[space.depth]", f"{NEW}[space.depth]", "space.new.default", "earlier trials had"),
        (WIDTH, 'type = "fixed"\nvalue = 999', "space.width.value", "outside"),
        ('metric = "weights"', 'metric = "flops"', "objective", "cannot be removed"),
        (
            'direction = "maximize"',
            'direction = "minimize"',
            "objective[1].direction",
            "something else",
        ),
        ("epochs = 60\n", "epochs = 90\n", "task[3]", "trials have run at it"),
        ("resume = true", "resume = false", "study.resume", "other rule"),
    ],
)
def test_refused(full_text: str, old: str, new: str, key: str, sentence: str) -> None:
    found = plan(full_text, old, new)
    assert not found.allowed
    assert any(p.key == key and sentence in p.message for p in found.refused), found.refused


def test_before_any_trial_all_but_the_name_may_change(full_text: str) -> None:
    for old, new in [
        ("resume = true", "resume = false"),
        ('metric = "weights"', 'metric = "flops"'),
        ("epochs = 60\n", "epochs = 90\n"),
        ('[space.depth]\ntype = "ordinal"\nchoices = [1, 2, 4]\n', ""),
    ]:
        found = plan(full_text, old, new, [])
        assert found.allowed
        assert found.changes


GOALS = """\
[study]
name = "goals"
command = "python train.py {lr}"
budget = 10

[space.lr]
type = "float"
low = 0.1
high = 1.0

[[objective]]
metric = "error"
direction = "minimize"

[[constraint]]
metric = "latency"
max = 8

[[metrics]]
kind = "csv"
path = "a.csv"
step = "epoch"

[[start]]
lr = 0.2
"""
ERROR = 'metric = "error"\ndirection = "minimize"'
F1 = '[[objective]]\nmetric = "f1"\ndirection = "maximize"\nthreshold = 0.9\nsummary = "max"'


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            '"minimize"',
            '"maximize"\nthreshold = 3',
            'objective[1].direction: of "error": "minimize" → "maximize"; '
            'objective[1].threshold: of "error": none → 3.0',
        ),
        (
            ERROR,
            f"{ERROR}\n\n{F1}",
            'objective[2]: "f1" is added: maximize, at least 0.9, by its max report',
        ),
        (
            "max = 8",
            'max = 8\nsummary = "min"',
            'constraint: "latency": at most 8 → at most 8, by its min report',
        ),
        (
            '"a.csv"\nstep = "epoch"',
            '"b.csv"\nrename = { acc = "accuracy" }',
            'metrics[1]: path "a.csv" → "b.csv", step "epoch" → none, '
            'rename none → acc = "accuracy"',
        ),
        (
            "[[start]]",
            '[[metrics]]\nkind = "tensorboard"\npath = "runs"\n\n[[start]]',
            'metrics[2]: tensorboard "runs" is added',
        ),
        ('kind = "csv"', 'kind = "jsonl"', 'metrics[1]: kind "csv" → "jsonl"'),
        ("lr = 0.2", "lr = 0.3\n[[start]]\nlr = 0.4", "start: 2 are added, 1 is taken out"),
        ("[[start]]\nlr = 0.2\n", "", "start: 1 is taken out"),
    ],
)
def test_what_a_goal_or_a_source_was_and_is_is_told(old: str, new: str, text: str) -> None:
    found = plan(GOALS, old, new, [])
    assert "; ".join(c.text for c in found.changes) == text


def test_an_edit_names_the_variables_and_tells_none_of_their_values(full_text: str) -> None:
    old = full_text.replace("[env]", '[env]\nGONE = "a"\nKEY = "b"')
    new = full_text.replace("[env]", '[env]\nNEW = "secret"\nKEY = "secret"')
    found = plan_edit(StudySpec.from_text(old), StudySpec.from_text(new), TRIALS)
    assert sorted(c.text for c in found.changes) == [
        "env.GONE: is taken out", "env.KEY: is changed", "env.NEW: is added",
    ]  # fmt: skip


def test_the_same_study_changes_nothing(full_text: str) -> None:
    found = plan(full_text, "# full-task units", "# another comment")
    assert found == EditPlan((), (), 0)
