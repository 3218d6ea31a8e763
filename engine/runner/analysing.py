"""A study analysed without a runner: ``python -P -m hpo_tui.engine.runner.analysing FOLDER``.

Slices, maps and what earlier studies are worth, worked out from what its trials have given, by the
optimizer as it would after the last of them. No trial is started, and nothing else of the study is
changed: no suggestion depends on whether it was analysed. What it has to say is one sentence on
standard output, with exit status 1 where nothing came of it.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine import log_lines
from hpo_tui.engine.analysis import maps, slices
from hpo_tui.engine.execution.proposals.process import DEFAULT
from hpo_tui.engine.execution.proposals.wire import Message
from hpo_tui.engine.execution.proposals.worker import Worker
from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.learning import SAYS
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import plural
from hpo_tui.store.database_errors import explained
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

NICE = 10
"""How far it steps back for the trials of other studies."""


class _Told(Worker):
    """An optimizer's worker whose messages are kept, by their kind."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.told: dict[str, Message] = {}

    def send(self, message: Message) -> None:
        self.told[message["op"]] = message


def analyse(folder: StudyFolder) -> str:
    """Analyse a study and keep the outcome with it; return in a sentence what there is now.

    Raises ValueError, saying why, where nothing can be said or kept.
    """
    with StudyReader(folder.db) as reader:
        study = reader.study()
    spec = StudySpec.from_text(study.text, folder.file)
    worker = _Told()
    worker.do_init({
        "op": "init", "optimizer": DEFAULT, "db": str(folder.db), "text": spec.text,
        "source": str(folder.file), "seed": study.seed, "workers": 1,
    })  # fmt: skip
    worker.do_settle({"op": "settle"})
    said, drawn = worker.told["insights"], worker.told.get("maps", {}).get("maps", [])
    if not said["slices"]:
        raise ValueError(_why_nothing(spec))
    # Not before: it would keep a runner out for as long as the work takes.
    with locked(folder):
        _keep(folder, said, drawn, study.revision)
    trial = said["slices"][0]["trial"]
    pairs = len({(one["across"], one["up"]) for one in drawn})
    along = plural(len({one["parameter"] for one in said["slices"]}), "parameter")
    over = f" and over {plural(pairs, 'pair')} of them" if pairs else ""
    return f"worked out what to expect along {along}{over}, from trial {trial}: pane 9 shows it"


def _keep(folder: StudyFolder, said: Message, drawn: list[Message], revision: int) -> None:
    """Write what was worked out, under the lock. Raises ValueError when the study is another."""
    with StudyReader(folder.db) as reader:
        edited = reader.study().revision != revision
    if edited:
        raise ValueError("the study was edited meanwhile: try again")
    with contextlib.closing(StudyWriter(folder.db)) as writer, writer.transaction(durable=False):
        writer.put(slices.KEY, said["slices"])
        writer.put(maps.KEY, drawn)
        writer.put(SAYS, said["learned"])


def _why_nothing(spec: StudySpec) -> str:
    if not spec.free:
        return "no parameter varies, so there is nothing to expect along one"
    metrics = ", ".join(spec.metric_names)
    return (
        f"no trial is complete at {spec.full_task.name} with a value of {metrics} and of every"
        " parameter that it has to have: there is nothing to go by"
    )


def main(argv: Sequence[str]) -> int:
    """Analyse the study of a folder."""
    log_lines.begin()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    folder = StudyFolder(Path(argv[0]))
    try:
        sentence, status = analyse(folder), 0
    except (ValueError, LookupError, SpecError) as error:
        sentence, status = str(error.args[0] if error.args else error), 1
    except (sqlite3.Error, OSError) as error:
        why = explained(error, folder.db)
        sentence, status = f"{folder.db} cannot be read or written: {why}", 1
    sys.stdout.write(sentence + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
