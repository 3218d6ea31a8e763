"""The lines that docs/integrate.md shows are read as it says."""

from pathlib import Path

import pytest

from hpo_tui.engine.execution.metrics.collector import Collector
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder

PAGE = (Path(__file__).parents[2] / "docs" / "integrate.md").read_text("utf-8")
RIGHT = 44
"""The column at which the second of two outputs beside each other begins."""


def shown() -> list[str]:
    """Return each output that the page shows as one of an accuracy of 0.91 at step 3."""
    block = PAGE.split("All of these report an accuracy of 0.91 at step 3:")[1].split("```")[1]
    left, right = [""], []
    for line in block.strip("\n").splitlines():
        two = line[RIGHT - 2 : RIGHT] == "  "
        if two:
            right.append(line[RIGHT:])
        text = line[:RIGHT].rstrip() if two else line
        # An indented line, and the row of a table, go on with what stands above them.
        goes_on = line.startswith(" ") or line[0].isdigit()
        left[-1:] = [left[-1] + text + "\n"] if goes_on else [left[-1], text + "\n"]
    return [*filter(None, left), *right]


def test_all_are_found() -> None:
    assert len(shown()) == 11


@pytest.mark.parametrize("output", shown())
def test_output_is_read_as_the_page_says(tmp_path: Path, output: str) -> None:
    assert latest(tmp_path, output, "accuracy") == (3, 0.91)


@pytest.mark.parametrize(
    ("metric", "output", "value"),
    [
        ("val_loss", "Val loss: 0.3", 0.3),
        ("accuracy", "train accuracy: 0.99", None),
        ("accuracy", "Train: accuracy=0.99 | Val: accuracy=0.91", 0.91),
        ("accuracy", "Val: accuracy=0.91 | Train: accuracy=0.99", 0.91),
        ("accuracy", "accuracy: 91.5%", 91.5),
        ("Acc@1", "Test: [24/24] Acc@1 69.2 (70.7)", 70.7),
        ("count", "count=1,234", 1234.0),
        ("accuracy", "accuracy=0,91", 0.91),
        ("eval_loss", "{'eval_loss': 0.3, 'epoch': 1.0}", 0.3),
        ("validation-auc", "[3]\tvalidation-auc:0.91", 0.91),
        ("accuracy", "epoch 3: {'accuracy': 0.91}", 0.91),
    ],
)
def test_names_and_numbers(tmp_path: Path, metric: str, output: str, value: float | None) -> None:
    assert latest(tmp_path, output, metric)[1] == value


def latest(folder: Path, output: str, metric: str) -> tuple[int | None, float | None]:
    """Return the step and value that count of a trial which printed this."""
    trial = TrialFolder(folder)
    trial.log.write_text(output + "\n", "utf-8")
    collector = Collector([MetricSource("stdout")], trial, [metric])
    entries = [*collector.poll(), *collector.finish()]
    step, values = entries[-1] if entries else (None, {})
    return step, values.get(metric)
