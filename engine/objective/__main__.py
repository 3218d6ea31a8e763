"""Runs a script that uses Optuna as one trial of a study; the script stays as it is.

``python -m hpo_tui.engine.objective train.py`` (or ``-m package.train``, with the script's own
arguments behind it) runs the script as Python would, with this difference: the first
``Study.optimize`` runs the objective once, or the first ``Study.ask`` is answered once, and with
that the script ends, whichever of its threads or processes has come there first. Its trial is an
``optuna.Trial`` of a study in memory, whatever storage the script names:

- what it suggests is the configuration in ``HPO_PARAMS``,
- what it reports goes to ``HPO_REPORTS``, and so does what the objective returns, under the name
  that the study gives its metric (``value``, or ``value_0``, ``value_1``, …, if it gives none),
  beside constraints and user attributes that are numbers,
- ``should_prune`` is true once the study has asked the trial to end, and at a task below the full
  one after as many reports as its fidelity value ``steps`` says: then what was reported last is the
  result.

Outside a study the script runs as if started by itself. With ``HPO_RECORD``, the path of a file,
the script is being looked at for the first time: parameters that have no value yet get one of their
range, and what is asked for is written there, one JSON object a line.
"""

import sys
from collections.abc import Sequence

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.running import run_script, run_trial
from hpo_tui.engine.objective.stand_ins import take_over, turn


def main(argv: Sequence[str]) -> None:
    """Run a script, ``train.py …`` or ``-m module …``. Raises SystemExit, as the script does."""
    if not client.active:
        run_script(argv)
        return
    take_over()
    run_trial(turn, argv, _NO_TRIAL)


_NO_TRIAL = (
    "{} called neither Study.optimize nor Study.ask and Study.tell: if an option makes it search,"
    " its command needs that"
)


if __name__ == "__main__":
    main(sys.argv[1:])
