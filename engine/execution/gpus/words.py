"""What is said of many GPUs at once, in as few words as can be read. Pure."""

import re
from collections.abc import Iterable, Sequence

from hpo_tui.engine.execution.gpus.nvml import Gpu

_ABOUT = re.compile(r"(GPU\d+(?:\.\d+)?)(:| is| does)( .*)", re.DOTALL)
_ALIKE = {":": ":", " is": " are", " does": " do"}
"""What stands behind one GPU, and behind several."""
_NAMED = 3
"""GPUs that are named at most, beside how many more there are."""
_UUID = 12
"""Characters of a UUID, which tell it from others, and by which a study file may name it."""


def folded(texts: Iterable[str]) -> list[str]:
    """Return texts without those that say the same of other GPUs: they are said of all of them."""
    found: dict[tuple[str, str], list[str]] = {}
    for text in dict.fromkeys(texts):
        match = _ABOUT.fullmatch(text)
        label, joint, rest = match.groups() if match else ("", "", text)
        found.setdefault((joint, rest), []).append(label)
    return [
        f"{label_list(labels)}{_ALIKE[joint] if len(labels) > 1 else joint}{rest}"
        for (joint, rest), labels in found.items()
    ]


def label_list(labels: Sequence[str]) -> str:
    """Return ``GPU0``, ``GPU0 to GPU7``, or ``GPU0, GPU2, GPU5 and 3 more``."""
    numbers = [int(label[3:]) if label[3:].isdigit() else -1 for label in labels]
    first, n = numbers[0], len(labels)
    if n > _NAMED - 1 and first >= 0 and numbers == list(range(first, first + n)):
        return f"{labels[0]} to {labels[-1]}"
    return _cut(labels)


def gpu_list(gpus: Sequence[Gpu], form: str = "{} is {}") -> str:
    """Return GPUs with the beginnings of their UUIDs: the first ones and how many more there are.

    ``form``: how a label and its UUID are put together.
    """
    return _cut([form.format(g.label, short(g.uuid)) for g in gpus])


def short(uuid: str) -> str:
    """Return a UUID, of a long one its beginning."""
    return f"{uuid[:_UUID]}…" if len(uuid) > _UUID + 1 else uuid


def _cut(words: Sequence[str]) -> str:
    more = len(words) - _NAMED
    if more <= 1:  # one more is named in the place that it would take to say so
        return ", ".join(words)
    return f"{', '.join(words[:_NAMED])} and {more} more"
