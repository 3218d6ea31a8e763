"""Runs a script that uses SigOpt as one trial of a study; the script stays as it is.

``python -m hpo_tui.engine.objective.sigopt train.py`` (or ``-m package.train``, with the script's
own arguments behind it) runs the script as Python would, with a service of one trial in the place
of SigOpt's (``service.py``): no token and no network are needed, and where the package ``sigopt``
is not installed, a small one stands in for it (``package.py``).

- ``sigopt.params``, a run's ``params`` and a suggestion's ``assignments`` are the configuration in
  ``HPO_PARAMS``; to those of a run the task's own values are added, such as ``epochs``. A
  suggestion's ``task``, and a run's, is the trial's.
- ``log_checkpoint`` reports a step, ``log_metric`` and an observation the result.
- ``log_failure``, and an observation that failed, have the trial count as one that its parameters
  spoilt.
- With the end of the first run of an experiment, or its first observation, the script ends; a
  script that has neither runs to its end.

Outside a study the script runs as if started by itself. With ``HPO_RECORD``, the path of a file,
the script is being looked at for the first time: what it says is written there, one JSON object a
line, and parameters of its experiment that have no value yet get one of their range.
"""

import os
import sys
from collections.abc import Sequence

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.running import run_script
from hpo_tui.engine.objective.sigopt.service import Service
from hpo_tui.engine.objective.sigopt.taking_over import take_over


def main(argv: Sequence[str]) -> None:
    """Run a script, ``train.py …`` or ``-m module …``. Raises SystemExit, as the script does."""
    service = Service()
    if not client.active:
        if "HPO_PROBE_OUT" in os.environ:  # it ends where it would read its options
            take_over(service)
        run_script(argv)
        return
    service.turn.begin()
    take_over(service)
    try:
        run_script(argv)
    except BaseException as error:
        left = isinstance(error, SystemExit) and error.code in (None, 0)
        if service.turn.code != 0 and not left:
            raise  # else the script has caught what ended it, and its own end does not matter
    if service.turn.code is None:
        service.close()
    raise SystemExit(service.turn.code or 0)


if __name__ == "__main__":
    main(sys.argv[1:])
