"""Having a study analysed that no runner works on, in a process of its own."""

import os
import subprocess
import sys

from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.launch.starting import runner_pid
from hpo_tui.engine.threads import thread_environment
from hpo_tui.store.folder import StudyFolder

HAS_RUNNER = "a runner works on the study: it tells by itself what its results show"


def analyse(folder: StudyFolder) -> str:
    """Have slices and maps worked out from the results there are; return a sentence.

    No trial is run. Raises :class:`LaunchError` where it cannot be done.
    """
    if not folder.db.is_file():
        raise LaunchError(f"there is no study in {folder.path}")
    if runner_pid(folder) is not None:
        raise LaunchError(HAS_RUNNER)
    argv = [
        sys.executable, "-P", "-m", "hpo_tui.engine.runner.analysing", str(folder.path.absolute())
    ]  # fmt: skip
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        env={**os.environ, **thread_environment(1)},
    )  # fmt: skip
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        return said
    # Without a sentence it has crashed, or was killed.
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise LaunchError(said or f"it could not be worked out: {last or f'exit {done.returncode}'}")
