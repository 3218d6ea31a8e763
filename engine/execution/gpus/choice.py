"""Which GPUs a study may use: what is there, what the study file names, what a scheduler allows."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.execution.gpus.nvml import Gpu, Nvml
from hpo_tui.engine.execution.gpus.words import gpu_list, label_list
from hpo_tui.engine.nvidia import DRIVER
from hpo_tui.engine.spec import Resources

log = logging.getLogger("runner.gpus")

_SHORT = 60
"""Characters of CUDA_VISIBLE_DEVICES up to which it is repeated: eight UUIDs are 300."""


class DeviceError(ValueError):
    """GPUs that a study asks for cannot be had; the message is for people."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about the GPUs of a machine. ``absent``: why there is no driver."""

    absent: str
    there: list[Gpu]
    chosen: list[Gpu]
    unusable: Mapping[int, str]
    """Why others cannot be used, by their numbers."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The GPUs of a study; it runs on the CPU if there are none.

    ``of``: how many the machine has. ``remarks``: what may surprise there, empty if nothing does.
    """

    driver: Nvml | None = None
    gpus: Sequence[Gpu] = ()
    of: int = 0
    remarks: str = ""


def find_gpus(resources: Resources, module: Any, environ: Mapping[str, str]) -> Chosen:
    """Return the GPUs that a study may use.

    Raises :class:`DeviceError` when the study names what is not there.
    """
    if resources.gpus == "none":
        return Chosen()
    nvml, absent = Nvml.open(module)
    if nvml is None and resources.gpus != "all":
        raise DeviceError(
            f'[resources] gpus names GPUs, and {absent}. Write gpus = "none" to run on the CPU.'
        )
    there = nvml.devices() if nvml else []
    unusable = nvml.unusable if nvml else {}
    chosen = choose(there, resources.gpus, environ, unusable)
    each = resources.gpus_per_trial
    if chosen and each > len(chosen):
        raise DeviceError(
            "; ".join([
                f"[resources] gpus_per_trial = {each}, and the study has {len(chosen)} GPU(s)",
                *unusable.values(),
            ])
            + "."
        )  # fmt: skip
    if each > 1 and any(g.mig for g in chosen):
        raise DeviceError(
            f"[resources] gpus_per_trial = {each}, and CUDA gives a process one MIG instance"
            " at most. Use gpus_per_trial = 1, or name GPUs that are not split."
        )
    found = Found(absent, there, chosen, unusable)
    remarks = "; ".join(_surprises(resources, found, environ))
    return Chosen(nvml, chosen, len(there), remarks)


def _surprises(resources: Resources, found: Found, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what makes the GPUs of a study others than its user may think."""
    there, chosen, unusable = found.there, found.chosen, found.unusable
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if resources.gpus != "all":
        if visible is not None and not set(chosen) <= set(choose(there, "all", environ)):
            named = label_list([g.label for g in chosen])
            yield (
                f"{_variable(visible)} is not followed, because the study file names the"
                f" GPUs: {named} ([resources] gpus)"
            )
        return
    if few := _why_few(found, environ):
        yield few
    words = _words(visible or "")
    wanted = [n for n in unusable if visible is None or str(n) in words]
    yield from (f"{unusable[n]}: it is not used until the next run" for n in wanted)
    if wanted and not chosen:
        yield "no GPU is left: trials run on the processor"
    by_number = any(w.isdigit() for w in words) and len({g.model for g in there}) > 1
    if chosen and by_number and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        yield (
            f"the numbers in {_variable(','.join(words))} are taken for those of nvidia-smi:"
            f" {', '.join(g.name for g in chosen)}. CUDA itself counts the fastest GPU first,"
            " unless CUDA_DEVICE_ORDER=PCI_BUS_ID"
        )


def _why_few(found: Found, environ: Mapping[str, str]) -> str:
    """Return why a study that may use all GPUs uses none, or not those named; empty if it does.

    A night of trials on the processor is a bad way to learn of it.
    """
    on_cpu = "trials run on the processor"
    if found.absent and DRIVER.exists():
        return f"the NVIDIA driver is loaded and cannot be used ({found.absent}): {on_cpu}"
    words = _words(environ.get("CUDA_VISIBLE_DEVICES", ""))
    known = (w for w in words if _key(w) not in found.unusable)
    unknown = next((w for w in known if not _match(found.there, _key(w))), None)
    if not found.there or unknown in (None, "-1"):
        return ""
    all_words = ",".join(words)
    log.info("CUDA_VISIBLE_DEVICES=%s; GPUs here: %s", all_words, _all_of(found.there))
    named = f"{_variable(all_words)} names {unknown!r}, which is no GPU here"
    used = label_list([g.label for g in found.chosen]) if found.chosen else ""
    verb = "is" if len(found.chosen) == 1 else "are"
    return f"{named} ({gpu_list(found.there)}): " + (f"only {used} {verb} used" if used else on_cpu)


def _variable(value: str) -> str:
    """Return the variable with its value, without it where that is long."""
    return f"CUDA_VISIBLE_DEVICES{f'={value}' if len(value) <= _SHORT else ''}"


def _all_of(gpus: list[Gpu]) -> str:
    return ", ".join(f"{g.label} is {g.uuid}" for g in gpus) or "none"


def choose(
    gpus: list[Gpu],
    wanted: str | tuple[int | str, ...],
    environ: Mapping[str, str],
    unusable: Mapping[int, str] | None = None,
) -> list[Gpu]:
    """Return the GPUs that a study may use: ``wanted`` as in the study file. Raises DeviceError.

    ``unusable``: why others cannot be used, by their numbers.

    ``"all"`` keeps to CUDA_VISIBLE_DEVICES where a user or a scheduler has set it. A number means
    a GPU with all its MIG instances; text is a UUID or its beginning.
    """
    if wanted == "none":
        return []
    if wanted == "all":
        visible = environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            return gpus
        picked: list[Gpu] = []
        for word in _words(visible):  # as CUDA does, the first unknown word ends the list
            found = _match(gpus, _key(word))
            if not found and _key(word) not in (unusable or {}):
                break
            picked += [g for g in found if g not in picked]
        return picked
    chosen: list[Gpu] = []
    for key in wanted:
        found = _match(gpus, key)
        if not found:
            if why := (unusable or {}).get(key if isinstance(key, int) else -1):
                raise DeviceError(f"[resources] gpus names GPU {key}: {why}.")
            log.info("GPUs here: %s", _all_of(gpus))
            there = gpu_list(gpus, "{} ({})") or "none"
            raise DeviceError(
                f"[resources] gpus: there is no GPU {key!r} here. GPUs here: {there}."
                ' Correct the list, or write gpus = "all".'
            )
        chosen += [g for g in found if g not in chosen]
    return chosen


def _words(visible: str) -> list[str]:
    return [w.strip() for w in visible.split(",") if w.strip()]


def _key(word: str) -> int | str:
    return int(word) if word.isdigit() else word


def _match(gpus: list[Gpu], key: int | str) -> list[Gpu]:
    if isinstance(key, int):
        return [g for g in gpus if g.index == key]
    return [g for g in gpus if g.uuid == key] or [
        g
        for g in gpus
        if g.label.lower() == key.lower() or (len(key) > 4 and g.uuid.startswith(key))
    ]
