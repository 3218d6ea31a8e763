import os
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.timeout(300)
def test_a_short_soak_holds(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(SOAK), "--trials", "8", "--kills", "5", "--slots", "3", "--seed", "3",
         "--pause", "0.03", "--disk", "24", "--limit", "200", "--optimizer", "tiny:Optimizer"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all held" in done.stdout
