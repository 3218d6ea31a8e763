"""What docs/python.md says about the optimizer as a library is so."""

import re
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine import Optimizer, PastTrial, StudySpec

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


@pytest.fixture(scope="module")
def section() -> str:
    """The page's section about Python."""
    found = re.search(r"\n## From Python\n(.+?)\n## ", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_loop_of_the_page_spends_its_budget(
    section: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(params: dict[str, float], epochs: int, resume_from: int | None) -> dict[str, float]:
        trials.append((epochs, resume_from))
        if len(trials) % 7 == 6:
            raise MemoryError
        return {"accuracy": 1 - abs(params["lr"] - 0.01) - 0.1 / epochs}

    trials: list[tuple[int, int | None]] = []
    code = re.search(r"```python\n(.+?)```", section, re.DOTALL)
    assert code
    names: dict[str, Any] = {"train": train}
    exec(code[1], names)
    optimizer = names["opt"]
    assert optimizer.spent <= 20 < optimizer.spent + 1
    assert {epochs for epochs, _ in trials} == {15, 60}
    assert any(resumed for _, resumed in trials)
    end, best = capsys.readouterr().out.splitlines()
    assert end.startswith("the budget is spent")
    assert f"number={optimizer.best()[0]}," in best
    assert "task='full'" in best


def test_every_call_of_the_page_exists(section: str) -> None:
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(\w+)[(`]", row)}
    assert {"ask", "tell", "spent", "trials"} <= names
    assert [name for name in names if not hasattr(Optimizer, name)] == []


def test_results_from_elsewhere_teach_and_cost_nothing(section: str, toy: StudySpec) -> None:
    made = re.search(r"`(PastTrial\(.+?\))`", section)
    assert made
    known = eval(made[1], {"PastTrial": PastTrial})
    assert (known.number, known.configuration, known.charged) == (1, 1, 0)
    at = {"x": 0.2, "y": 0.06}
    optimizer = Optimizer(toy, seed=0)
    optimizer.restore([PastTrial(1, 1, at, "full", "complete", {"a": 0.0, "b": 1.0}, charged=0)])
    assert (optimizer.best(), optimizer.spent) == ([1], 0)
    optimizer.enqueue(at, "full")
    assert optimizer.ask().configuration == 1
