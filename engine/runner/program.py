"""Which program the study's command names: another shell's PATH may find another one."""

import shutil

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.store.read import StudyReader


def note_program(desk: Desk) -> None:
    """Keep which program on the PATH the trials run, and say so where it is not the one before."""
    name = desk.spec.command[0]
    found = None if "/" in name or "{" in name else shutil.which(name)
    if found is None:
        return
    with StudyReader(desk.folder.db) as reader:
        before = reader.get("program")
    if before == [name, found]:
        return
    with desk.transaction():
        if before and before[0] == name and desk.trials:
            text = f"{name} is {found} now: the trials so far ran with {before[1]}"
            desk.event("strange", text)
        desk.writer.put("program", [name, found])
