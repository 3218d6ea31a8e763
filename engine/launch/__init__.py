"""Making a study, starting its runner detached, and talking to it. Light: the screens import it."""

from hpo_tui.engine.launch.asking import send, send_all, unqueue
from hpo_tui.engine.launch.making import create_study, slug
from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.launch.starting import analyse, leave, runner_pid, start_runner

__all__ = [
    "LaunchError",
    "analyse",
    "create_study",
    "leave",
    "runner_pid",
    "send",
    "send_all",
    "slug",
    "start_runner",
    "unqueue",
]
