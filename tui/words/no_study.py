"""What the list of studies says where there is none. Pure."""

from collections.abc import Mapping, Sequence

from hpo_tui.tui.words import present
from hpo_tui.tui.words.fmt import clip_among, width_of
from hpo_tui.tui.words.plain import fit, plain

EMPTY = """\
There is no study here yet.

n   define a new study, in an editor that checks it as you type

From a shell:
    hpo-tui init train.py     write a study file for your script, also if
                              it uses Optuna, W&B, Hydra, SigOpt or Ray Tune
    hpo-tui init sweep.yaml   for a W&B sweep or a SigOpt experiment
    hpo-tui demo              run and watch a small study that needs no GPU

Studies are stored in a folder .hpo beside your code, and found from any folder below.
"""
_FOLDERS = 6
"""Folders that are named; more are counted."""
_STUDIES = 2
"""Studies of a folder that are named; more are counted."""
_NAME = 24
"""Cells of a folder's name."""


def empty_text(below: Mapping[str, Sequence[str]]) -> str:
    """Return what to do where no study is listed, after the folders ``below`` that have some."""
    if not below:
        return EMPTY
    first, _, rest = EMPTY.partition("\n\n")
    names = list(map(plain, below))
    room = min(_NAME, max(map(width_of, names)))
    lines = [
        f"    {fit(clip_among(name, room, names), room)}   {studies_text(studies)}"
        for name, studies in zip(names[:_FOLDERS], below.values(), strict=False)
    ]
    if len(below) > _FOLDERS:
        lines.append(f"    and {present.plural(len(below) - _FOLDERS, 'folder')} more")
    one = len(below) == 1
    said = f"{first[:-1]}, but there are some in {'a folder' if one else 'folders'} below:"
    key = f"Enter   look into {'it' if one else 'one of them'}"
    return "\n".join([said, *lines, "", key, rest.replace("n   ", "n       ", 1)])


def studies_text(studies: Sequence[str]) -> str:
    """Return the names of some studies, the first of them and how many more there are."""
    said = ", ".join(map(plain, studies[:_STUDIES]))
    more = len(studies) - _STUDIES
    return said if more <= 0 else f"{said} and {more} more"
