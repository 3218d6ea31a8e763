"""A study that ``init`` writes ends trials that hang, and no others."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.first_run import timed
from hpo_tui.engine.define.preview import unguarded
from hpo_tui.engine.define.start import init
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import StudySpec, Task
from hpo_tui.engine.spec.names import KeyPath

TEXT = """\
[study]
name = "x"
command = "true {lr}"
budget = 8
[space.lr]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "loss"
direction = "minimize"
"""


@pytest.mark.parametrize(
    ("seconds", "cost", "startup", "hours"),
    [(1.0, 1.0, None, 1), (60.0, 0.1, None, 1), (600.0, 0.25, None, 4), (700.0, 0.1, 600.0, 3)],
)
def test_it_is_patient_even_with_a_script_that_reports_at_its_end_alone(
    seconds: float, cost: float, startup: float | None, hours: int
) -> None:
    tried = Tried((), Task("short", cost), {}, {}, seconds, 0, (), startup=startup)
    notes: dict[KeyPath, str] = {}
    spec = timed(StudySpec.from_text(TEXT), tried, notes)
    assert spec.resources.stall == hours * 3600
    assert not unguarded(spec)
    assert notes["resources", "stall"].startswith("a trial that reports nothing")


@pytest.mark.parametrize("run", [True, False])
def test_it_is_written_where_a_first_run_has_shown_how_long_one_takes(
    tmp_path: Path, run: bool
) -> None:
    (tmp_path / "train.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float,"
        " default=0.1)\na = p.parse_args()\nprint('loss=0.5')\n"
    )
    made = init("train.py", tmp_path, run=run)
    assert ('stall = "1h"  # a trial that reports nothing' in made.text) is run
    assert bool(unguarded(made.spec)) is not run
