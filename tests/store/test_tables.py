"""What leaves as a table comes back from one, whatever is in it."""

import csv
from pathlib import Path

from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.transfer.read_csv import read_csv
from hpo_tui.store.transfer.write_text import write_trials_csv

CHOICES = (
    "a\rb",
    "a\r\nb",
    "a\nb",
    'a"b,c;d\te',
    " lead and trail ",
    "é🎉\x1b[2J",
    "-x",
    "=1+1",
    "'",
)


def test_every_text_comes_back_from_a_table(tmp_path: Path) -> None:
    trials = [
        Trial(n, n, "a\rtask", TrialState.COMPLETE, 1.0, {"p\r,q": c}, {"m": 0.1 * n}, charged=1.0)
        for n, c in enumerate(CHOICES, start=1)
    ]
    path = tmp_path / "out.csv"
    with path.open("w", encoding="utf-8", newline="") as to:
        write_trials_csv(trials, ["p\r,q"], ["m"], to, task_costs={})
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["params.p\r,q"] for r in rows] == list(CHOICES)
    assert [float(r["metrics.m"]) for r in rows] == [t.metrics["m"] for t in trials]
    assert b"\r\n" not in path.read_bytes().replace(b"a\r\nb", b"")
    found = read_csv(path, "again", {"m": "maximize"})
    assert [t.params for t in found.trials] == [t.params for t in trials]
    assert {t.task for t in found.trials} == {"a\rtask"}
