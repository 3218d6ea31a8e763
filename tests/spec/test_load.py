import os
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import create_study
from hpo_tui.engine.spec import BudgetUnit, SpecError, StudySpec
from hpo_tui.engine.spec.reading.locate import locate
from hpo_tui.engine.spec.reading.study import MOST


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        StudySpec.from_text(text)
    return [p.show() for p in caught.value.problems]


def test_everything_is_read(full_text: str) -> None:
    spec = StudySpec.from_text(full_text)
    assert spec.command[:4] == ("python", "train.py", "--lr", "{lr}")
    assert [t.cost for t in spec.tasks_by_cost] == [0.25, 0.5, 1.0]
    assert spec.full_task.fidelity == {"epochs": 60}
    assert spec.env == {"OMP_NUM_THREADS": "1"}
    assert spec.parameter("width").high == 256
    assert isinstance(spec.parameter("width").low, int)
    assert spec.parameter("depth").choices == (1, 2, 4)
    assert spec.metric_names == ("accuracy", "weights", "latency_ms")
    assert spec.text == full_text


def test_all_problems_come_at_once_in_the_order_of_the_file(small_text: str) -> None:
    text = small_text.replace("budget = 10", "budget = -1").replace("low = 0.001", "low = 'x'")
    text = text.replace('"minimize"', '"less"') + "[resources]\nslots = 0\n"
    lines = problems(text)
    assert [line.split(":")[1] for line in lines] == ["4", "8", "14", "16"]
    assert "study.budget" in lines[0]
    assert "resources.slots" in lines[3]


def test_a_metric_below_0_has_its_goal_there_by_logarithm_too(full_text: str) -> None:
    spec = StudySpec.from_text(full_text.replace("threshold = 20000", "threshold = -0.05"))
    goal = spec.objectives[1]
    assert (goal.log, goal.threshold) == (True, -0.05)


@pytest.mark.parametrize(
    ("given", "amount", "unit"),
    [
        ("40", 40, BudgetUnit.FULL),
        ("1.5", 1.5, BudgetUnit.FULL),
        ('"12 gpu-hours"', 12, BudgetUnit.GPU_HOURS),
        ('"0.5 GPU hours"', 0.5, BudgetUnit.GPU_HOURS),
        ('"8h"', 8 * 3600, BudgetUnit.WALL),
        ('"1d 2h 30m"', 95400, BudgetUnit.WALL),
        ('"100 trials"', 100, BudgetUnit.TRIALS),
    ],
)
def test_budgets(small_text: str, given: str, amount: float, unit: BudgetUnit) -> None:
    spec = StudySpec.from_text(small_text.replace("budget = 10", f"budget = {given}"))
    assert (spec.budget.amount, spec.budget.unit) == (amount, unit)


def test_a_budget_below_one_full_task_says_what_it_is_enough_for(full_text: str) -> None:
    (line,) = problems(full_text.replace("budget = 40", "budget = 0.5"))
    assert "smaller than one full task" in line
    assert '"15 epochs" alone costs 0.25' in line


def test_a_study_without_tasks_has_one_full_task(small_text: str) -> None:
    spec = StudySpec.from_text(small_text)
    assert [(t.name, t.cost) for t in spec.tasks] == [("full", 1.0)]


def test_a_search_for_constraints_alone(small_text: str) -> None:
    text = small_text.replace("[[objective]]", "[[constraint]]")
    spec = StudySpec.from_text(text.replace('direction = "minimize"', "max = 3"))
    assert spec.objectives == ()
    assert spec.meets({"loss": 2.0})


def test_a_misspelt_key_is_not_reported_as_missing_too(small_text: str) -> None:
    assert len(problems(small_text.replace("budget", "budgte"))) == 1
    assert len(problems(small_text.replace("low", "min"))) == 1
    (line,) = problems(small_text + '[[task]]\nname = "a"\npost = 3\n')
    assert "task[1].cost: is missing" in line


@pytest.mark.parametrize("cost", [0.7 + 0.2 + 0.1, 1.1 - 0.1 + 2e-16])
def test_a_cost_that_a_program_has_summed_up_is_the_full_task_s(
    full_text: str, cost: float
) -> None:
    assert cost != 1
    spec = StudySpec.from_text(full_text.replace("cost = 1.0", f"cost = {cost!r}"))
    assert spec.full_task.cost == 1


def test_measured_costs_may_be_left_out(full_text: str) -> None:
    text = full_text.replace("resume = true", 'resume = true\ncost = "measured"')
    for cost in ("0.25", "0.5", "1.0"):
        text = text.replace(f"\ncost = {cost}\n", "\n")
    spec = StudySpec.from_text(text)
    assert spec.cost_measured
    assert [t.cost for t in spec.tasks] == [0.25, 0.5, 1.0]


def test_a_circle_of_conditions_is_shown(small_text: str) -> None:
    circle = "".join(
        f'[space.{a}]\ntype = "categorical"\nchoices = [1, 2]\nwhen = {{ {b} = [1] }}\n'
        for a, b in ("ab", "bc", "ca")
    )
    (line,) = problems(small_text + circle)
    assert "a → b → c → a" in line


def test_a_fixed_parent_and_a_grandparent(small_text: str) -> None:
    text = small_text + (
        '[space.top]\ntype = "fixed"\nvalue = "on"\n'
        '[space.mid]\ntype = "int"\nlow = 1\nhigh = 3\nwhen = { top = "on" }\n'
        '[space.leaf]\ntype = "float"\nlow = 0\nhigh = 1\nwhen = { mid = [2, 3] }\n'
    )
    leaf = StudySpec.from_text(text).parameter("leaf")
    assert leaf.active({"top": "on", "mid": 3})
    assert not leaf.active({"top": "on", "mid": 1})
    assert not leaf.active({"top": "on"})


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('[study]\nname = "a"\n[space.lr]\ntype = float\n', 4, 'text needs quotes: type = "float"'),
        ("[study]\nname = 'a'\nresume = True\n", 3, "write true"),
        ("[study]\nseed = None\n", 2, "leave the key out"),
        ("[study]\nresume = yes\n", 2, "write true"),
        ("[study]\nresume = Off\n", 2, "write false"),
        ("[study]\nbudget = .5\n", 2, "write 0.5"),
        ("[study]\nbudget = 5.\n", 2, "write 5.0"),
        ("[study]\nname = 'a'\nname = 'b'\n", 3, "keep one"),
        ("[study]\nname = 'a\n", 2, ""),
        ('[study]\nname = "a\nbudget = 3\n', 2, 'a quote is not closed on this line: name = "a'),
        (f"[study]\nname = 'a' {'b' * 60}\n", 2, f"name = 'a' {'b' * 48}…"),
        ('[study]\r\nname = "a\r\nbudget = 3\r\n', 2, "a quote is not closed"),
        ("[study]\nwarm = [\n", 2, "not closed"),
        ("[study]\nbudget =\n", 2, "value is missing"),
        ("[study]\njust words\n", 2, "key = value"),
        ("[study]\nx = (1, 2)\n", 2, "a list is written"),
    ],
)
def test_a_text_that_is_no_toml_is_explained(text: str, line: int, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        StudySpec.from_text(text)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert hint in problem.message


def test_an_empty_file_says_what_is_missing() -> None:
    lines = problems("")
    assert any("[study] with name" in line for line in lines)
    assert any("[[objective]]" in line for line in lines)
    assert any("[space.lr]" in line for line in lines)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    bad = tmp_path / "study.toml"
    for content, part in [
        (None, "No such file"),
        (b"\xff\xfe[study]", "UTF-8"),
        (b"x" * (5 << 20), "4 MiB"),
    ]:
        if content is not None:
            bad.write_bytes(content)
        with pytest.raises(SpecError, match=part):
            StudySpec.load(bad)


def test_what_may_never_end_is_no_study_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "study.toml")
    for path in (tmp_path / "study.toml", tmp_path, Path("/dev/zero")):
        with pytest.raises(SpecError, match="is no regular file"):
            StudySpec.load(path)


def test_a_pipe_of_the_command_s_own_is_read(small_text: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, small_text.encode())
    os.close(writing)
    assert StudySpec.load(Path(f"/dev/fd/{reading}")).name == "small"
    os.close(reading)


def test_a_folder_stands_for_its_study_file(tmp_path: Path, small_text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + small_text.replace("\n", "\r\n").encode())
    spec = StudySpec.load(tmp_path)
    assert spec.source == path
    assert spec.name == "small"


def test_a_mapping_needs_no_command_and_may_hold_numpy(small_text: str) -> None:
    import numpy as np

    spec = StudySpec.from_dict(
        {
            "study": {"name": "n", "budget": np.float64(3), "seed": np.int64(4), "noisy": None},
            "space": {"x": {"type": "int", "low": np.int32(1), "high": 9.0}},
            "objective": ({"metric": "y", "direction": "minimize"},),
        }
    )
    assert spec.command == ()
    assert type(spec.seed) is int
    assert spec.noisy is None
    assert (spec.space[0].low, spec.space[0].high) == (1, 9)


@pytest.mark.parametrize(
    "data",
    [
        42,
        None,
        [],
        {},
        {1: 2},
        {"study": 3, "space": [], "objective": 4, "task": {}, "start": "x"},
        {"study": {"name": object()}, "space": {"x": object()}, "objective": [1, None]},
        {"study": {"command": [[]], "warm": {}, "template": [1]}, "env": {"": []}},
        {"space": {"x": {"type": "categorical", "choices": [object()], "when": {"x": [{}]}}}},
    ],
)
def test_nothing_but_a_spec_error_comes_of_a_mapping(data: Any) -> None:
    with pytest.raises(SpecError):
        StudySpec.from_dict(data)


def test_a_mapping_that_holds_itself() -> None:
    data: dict[str, Any] = {"study": {"name": "n", "budget": 3}}
    data["space"] = data
    with pytest.raises(SpecError):
        StudySpec.from_dict(data)


def test_hostile_names_are_shown_as_text(small_text: str) -> None:
    text = small_text + '\n[space."\\u001b[31m"]\ntype = "\\u202e\\u0007"\n[bold]\n'
    message = "\n".join(problems(text))
    assert "\x1b" not in message
    assert "\x07" not in message
    assert "\u202e" not in message


def test_lines_of_every_kind_of_key() -> None:
    text = (
        "a = 1\n"  # 1
        "b.c = '''\n"  # 2
        "[not.a.table]\n"
        "d = 3'''\n"
        "[t] # [x]\n"  # 5
        '"odd key" = [ # ]\n'  # 6
        '  1, "]",\n'  # 7
        "  { e = 2,\n"[:-1]
        + " f = 3 },\n"  # 8
        "]\n"
        "[[l]]\n"  # 10
        "x = 1\n"
        "[l.sub]\n"  # 12
        "y = 2\n"
        "[[l]]\n"  # 14
        'z = "a\\"#b" # c\n'  # 15
        '["q.r".s]\n'  # 16
    )
    found = locate(text)
    assert found["b", "c"] == 2
    assert ("not",) not in found
    assert found["t", "odd key"] == 6
    assert found["t", "odd key", 1] == 7
    assert found["t", "odd key", 2, "f"] == 8
    assert found["l", 0, "sub", "y"] == 13
    assert found["l", 1, "z"] == 15
    assert found["q.r", "s"] == 16


def test_as_many_parameters_as_a_table_has_columns(small_text: str, tmp_path: Path) -> None:
    def text(count: int) -> str:
        more = (f"[space.p{n}]\ntype = 'float'\nlow = 0.0\nhigh = 1.0\n" for n in range(count))
        return small_text + "\n" + "".join(more)

    spec = StudySpec.from_text(small_text)
    room = MOST - len(spec.space) - len(spec.metric_names)
    create_study(text(room), tmp_path / ".hpo")
    (problem,) = problems(text(room + 1))
    assert problem.endswith(f"{MOST} parameters and 1 metric: a study can have {MOST} in all")
