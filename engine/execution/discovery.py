"""Which GPUs a study may use: what is there, what the study file names, what a scheduler allows."""

from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.execution.nvml import Gpu, Nvml
from hpo_tui.engine.spec.means import Resources


class DeviceError(Exception):
    """GPUs that a study asks for cannot be had; the message is for people."""


def discover(
    resources: Resources, module: Any, environ: Mapping[str, str]
) -> tuple[Nvml | None, list[Gpu], str]:
    """Return the driver, the study's GPUs (none: it runs on the CPU), and why there is no driver.

    Raises :class:`DeviceError` when the study names what is not there.
    """
    if resources.gpus == "none":
        return None, [], ""
    nvml, absent = Nvml.open(module)
    if nvml is None and resources.gpus != "all":
        raise DeviceError(
            f'[resources] gpus names GPUs, and {absent}. Write gpus = "none" to run on the CPU.'
        )
    chosen = choose(nvml.devices() if nvml else [], resources.gpus, environ)
    each = resources.gpus_per_trial
    if chosen and each > len(chosen):
        raise DeviceError(
            f"[resources] gpus_per_trial = {each}, and the study has {len(chosen)} GPU(s)."
        )
    if each > 1 and any(g.mig for g in chosen):
        raise DeviceError(
            f"[resources] gpus_per_trial = {each}, and CUDA gives a process one MIG instance"
            " at most. Use gpus_per_trial = 1, or name GPUs that are not split."
        )
    return nvml, chosen, absent


def choose(
    gpus: list[Gpu], wanted: str | tuple[int | str, ...], environ: Mapping[str, str]
) -> list[Gpu]:
    """Return the GPUs that a study may use: ``wanted`` as in the study file. Raises DeviceError.

    ``"all"`` keeps to CUDA_VISIBLE_DEVICES where a user or a scheduler has set it. A number means
    a GPU with all its MIG instances; text is a UUID or its beginning.
    """
    if wanted == "none":
        return []
    if wanted == "all":
        visible = environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            return gpus
        words = [w.strip() for w in visible.split(",") if w.strip()]
        picked: list[Gpu] = []
        for word in words:  # as CUDA does, the first unknown word ends the list
            found = _match(gpus, int(word) if word.isdigit() else word)
            if not found:
                break
            picked += [g for g in found if g not in picked]
        return picked
    chosen: list[Gpu] = []
    for key in wanted:
        found = _match(gpus, key)
        if not found:
            there = ", ".join(f"{g.label} ({g.uuid})" for g in gpus) or "none"
            raise DeviceError(
                f"[resources] gpus: there is no GPU {key!r} here. GPUs here: {there}."
                ' Correct the list, or write gpus = "all".'
            )
        chosen += [g for g in found if g not in chosen]
    return chosen


def _match(gpus: list[Gpu], key: int | str) -> list[Gpu]:
    if isinstance(key, int):
        return [g for g in gpus if g.index == key]
    return [g for g in gpus if g.uuid == key] or [
        g
        for g in gpus
        if g.label.lower() == key.lower() or (len(key) > 4 and g.uuid.startswith(key))
    ]
