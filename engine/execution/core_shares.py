"""The processor's cores, shared out among the trials on GPUs: no more threads than cores.

Programs start a thread for each core. Those of eight trials wait for one another on the cores of
one: small operations then take thirty times as long and more, and no trial ends.
"""

from collections.abc import Mapping

from hpo_tui.engine.spec import Resources
from hpo_tui.engine.threads import THREAD_VARIABLES, count_cores, thread_environment


class CoreShares:
    """What each trial gets of the cores, by its GPUs among those of the machine.

    So studies on different GPUs get on, too. ``gpus_here``: how many the machine has. ``environ``:
    the user's, where OMP_NUM_THREADS says how many threads programs are to start.
    """

    def __init__(self, gpus_here: int, environ: Mapping[str, str]) -> None:
        self._gpus_here = gpus_here
        self._told = THREAD_VARIABLES[0] in environ

    def environment(self, resources: Resources, *, gpus: int, sharing: int) -> dict[str, str]:
        """Return the variables for a trial on ``gpus`` GPUs, which ``sharing`` trials share.

        Itself included. The study file's ``threads`` go first; empty where the user has said it.
        """
        if resources.threads:
            return thread_environment(resources.threads)
        if self._told:
            return {}
        cores = count_cores() * gpus // max(1, self._gpus_here)
        return thread_environment(max(1, cores // max(1, sharing)))
