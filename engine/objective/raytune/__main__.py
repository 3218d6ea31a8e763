"""Runs a script of Ray Tune's as one trial of a study; the script stays as it is.

``python -m hpo_tui.engine.objective.raytune train.py`` (or ``-m package.train``, with the script's
own arguments behind it) runs the script as Python would, with this difference: the first
``Tuner.fit()``, or ``tune.run``, runs the trainable once, in this process, and with that the script
ends. No cluster of Ray's is started; Ray itself has to be installed.

- The trainable's ``config`` is the script's ``param_space`` with the values in ``HPO_PARAMS``.
- ``tune.report`` (``train.report``, ``session.report``) reports a step, as does what a trainable
  returns; a class is trained step by step.
- A checkpoint that is reported, or that ``save_checkpoint`` saves, is kept in ``HPO_CHECKPOINT``;
  ``get_checkpoint`` and ``load_checkpoint`` are handed the one in ``HPO_RESUME``.
- The trial ends after as many steps as its fidelity value ``training_iteration`` says, where the
  script's own ``stop`` says so, and, with a checkpoint, once the study has asked it to end.

Outside a study the script runs as if started by itself. With ``HPO_RECORD``, the path of a file,
the script is being looked at for the first time: what it says is written there, one JSON object a
line, and what has no value yet gets one of its range.
"""

import sys
from collections.abc import Sequence

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.raytune.session import Session
from hpo_tui.engine.objective.raytune.taking_over import take_over
from hpo_tui.engine.objective.running import run_script, run_trial

_NO_RAY = (
    'Ray is not installed for {}: pip install "ray[tune]" there, as the script itself needs it'
    " (no cluster is started)"
)
_NO_TUNE = "Ray Tune cannot be imported by {}: {}"
_NO_TRIAL = (
    "{} called neither Tuner.fit nor tune.run: if an option makes it search, its command needs that"
)


def main(argv: Sequence[str]) -> None:
    """Run a script, ``train.py …`` or ``-m module …``. Raises SystemExit, as the script does."""
    if not client.active:
        run_script(argv)
        return
    session = Session()
    session.turn.begin()
    try:
        take_over(session)
    except ImportError as error:
        gone = isinstance(error, ModuleNotFoundError) and error.name == "ray"
        said = _NO_RAY if gone else _NO_TUNE
        raise SystemExit(said.format(sys.executable, " ".join(str(error).split()))) from None
    run_trial(session.turn, argv, _NO_TRIAL)


if __name__ == "__main__":
    main(sys.argv[1:])
