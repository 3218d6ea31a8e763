"""GPUs that the user gives away for a while, and takes back."""

from hpo_tui.engine.execution.gpus.choice import DeviceError
from hpo_tui.engine.execution.gpus.group import Gpus


def lend(gpus: Gpus, device: str, *, on: bool) -> str:
    """Stop (or start again) using a GPU given by label, number or UUID; return it in words.

    Taking it back lifts its quarantine, too. Raises :class:`DeviceError` where there is no such
    GPU.
    """
    states = gpus.find(device)
    if not states:
        there = ", ".join(s.gpu.label for s in gpus)
        has = f"it has {there}" if there else "its trials run on the processor"
        raise DeviceError(f"There is no GPU {device!r} in this study; {has}.")
    for state in states:
        state.lent = on
        if not on:
            state.quarantine, state.failures = "", 0
    names = ", ".join(s.gpu.label for s in states)
    if not on:
        return f"{names} is back in use."
    trials = gpus.trials_on(device)
    if not trials:
        return f"{names} is lent: no trials start there until it is taken back."
    running = ", ".join(f"#{n}" for n in trials)
    return f"{names} is lent: no new trials start there; still running on it: {running}."
