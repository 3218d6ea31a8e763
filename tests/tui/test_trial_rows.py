"""Trials as rows: what has no room in its column is said in fewer digits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words import fmt
from tests.tui.conftest import TEXT, make_study


@pytest.mark.parametrize("value", [-1.23456e-17, 1e300, -1e-300, 123456.789])
def test_a_number_fits_its_column(tmp_path: Path, value: float) -> None:
    text = TEXT.replace("threshold = 0.9", "threshold = -1")
    snapshot = read_once(make_study(tmp_path, text=text))
    frame = snapshot.frame
    frame.params["lr"][:] = value
    frame.metrics["accuracy"][:] = value
    rows = TrialRows(replace(snapshot, frame=frame), np.arange(3), ["trial", "p:lr", "m:accuracy"])
    for column, (said, _) in list(zip(rows.columns, rows.cells(0), strict=True))[1:]:
        assert len(said) <= column.width
        assert fmt.read(said.split()[0]) == pytest.approx(value, rel=0.05)
