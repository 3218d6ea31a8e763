"""What ``hpo-tui doctor`` tells of GPUs: the driver, each GPU, and those that are kept from us."""

import os
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from hpo_tui.engine.at_once import answers
from hpo_tui.engine.gpu_locks import find_folder, why_not_kept_apart
from hpo_tui.engine.nvidia import DRIVER, PATIENCE
from hpo_tui.engine.spec.names import plural
from hpo_tui.engine.waiting import UNSEEN
from hpo_tui.tui.cli.doctor_finding import GIB, Finding
from hpo_tui.tui.words.plain import plain

BUS = Path("/sys/bus/pci/devices")
"""What is plugged into the machine, whoever may use it."""
_NVIDIA = "0x10de"
_DISPLAYS = ("0x0300", "0x0302")
"""Classes of devices that are GPUs, with a screen or without."""
_USED = "on it, so a study waits for it"
_WAY = (
    'busy_gpus = "use" under [resources] of a study file has trials start on GPUs that others use,'
    " with the memory that is free there"
)


def check_gpu() -> Iterator[Finding]:
    """NVIDIA's driver, and each GPU with its memory and who uses it."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        yield _no_driver(pynvml, error)
        return
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        count = pynvml.nvmlDeviceGetCount()
        yield Finding("ok", "gpu", f"driver {driver}, {plural(count, 'GPU')}")
        if count and "cpu" in metadata.version("torch"):
            yield Finding("warn", "gpu", "the installed torch is a CPU build and will not use them")
        found = list(_each(pynvml, count))
        yield from found
        if any(_USED in finding.text for finding in found):
            yield Finding("note", "gpu", _WAY)
        yield from _not_given(count)
        if apart := why_not_kept_apart(find_folder(os.environ)):
            yield Finding("warn", "gpu", plain(apart))
    except pynvml.NVMLError as error:
        yield Finding("warn", "gpu", f"the driver does not answer: {error}")
    # The library is not given back: it may still be at work on an answer.
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        yield Finding(
            "note", "gpu", f"CUDA_VISIBLE_DEVICES={hidden} limits the GPUs that a study may use"
        )


def _no_driver(pynvml: Any, error: Exception) -> Finding:
    """Return why no GPU can be used: most machines have none, which is nothing to be mended."""
    why = f"no NVIDIA GPU can be used ({error}): trials run on the CPU, `slots` at once"
    if isinstance(error, pynvml.NVMLError_LibRmVersionMismatch):
        why += ". The driver was updated while it was loaded: restart the machine"
        return Finding("warn", "gpu", why)
    if DRIVER.exists():
        why += (
            ". The machine has loaded NVIDIA's driver: if this is a container, it was given no"
            " GPU (docker run --gpus all)"
        )
        return Finding("warn", "gpu", why)
    return Finding("note", "gpu", why)


def _each(pynvml: Any, count: int) -> Iterator[Finding]:
    asked = answers([partial(_gpu, pynvml, n) for n in range(count)], PATIENCE)
    for index, answer in enumerate(asked):
        if answer is None:
            text = f"GPU {index} has not answered within {PATIENCE:g} s: a study leaves it out"
            yield Finding("warn", "gpu", text)
        elif isinstance(answer, pynvml.NVMLError_NoPermission):
            yield Finding(
                "note", "gpu",
                f"GPU {index} is not given to this process, as in a container or a job of a"
                " scheduler: a study leaves it out",
            )  # fmt: skip
        elif isinstance(answer, pynvml.NVMLError):
            yield Finding("warn", "gpu", f"GPU {index} does not answer: {answer}")
        elif isinstance(answer, Exception):
            raise answer
        else:
            yield answer


def _not_given(count: int) -> Iterator[Finding]:
    """Tell of GPUs that the machine has and the driver does not name here."""
    there = _plugged_in()
    if there > count:
        seen = f"{count} of the {there} NVIDIA GPUs of this machine can be seen from here"
        yield Finding(
            "note", "gpu",
            f"{seen}: the others are not given to this container or job, or have no driver",
        )  # fmt: skip


def _plugged_in() -> int:
    """Return how many NVIDIA GPUs the machine has, 0 where that is not known."""
    found = 0
    try:
        for device in BUS.iterdir():
            kind = (device / "class").read_text()
            maker = (device / "vendor").read_text().strip()
            found += maker == _NVIDIA and kind.startswith(_DISPLAYS)
    except OSError:
        return 0
    return found


def _gpu(pynvml: Any, index: int) -> Finding:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    name = pynvml.nvmlDeviceGetName(handle)
    text = f"GPU {index}: {name}"
    used = total = 0.0
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        used, total = int(memory.used) / GIB, int(memory.total) / GIB
        text += f", {used:.1f} of {total:.0f} GiB used"
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_NoPermission):
        text += ", which does not say how much memory is used"
    try:
        others = len(pynvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except pynvml.NVMLError:
        others = 0
    if others:
        run = "1 process runs" if others == 1 else f"{others} processes run"
        return Finding("note", "gpu", f"{text}; {run} {_USED}")
    if used - _drawn(pynvml, handle) > UNSEEN * total:
        what = "something that cannot be seen from here runs"
        return Finding("note", "gpu", f"{text}; {what} {_USED}")
    return Finding("ok", "gpu", text)


def _drawn(pynvml: Any, handle: Any) -> float:
    """Return the GiB of processes that only draw, such as a desktop's."""
    try:
        drawing = pynvml.nvmlDeviceGetGraphicsRunningProcesses(handle)
    except pynvml.NVMLError:
        return 0.0
    return sum(p.usedGpuMemory or 0 for p in drawing) / GIB
