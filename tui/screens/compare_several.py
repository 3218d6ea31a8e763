"""More than two studies: the best trial of each in one table."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.following import follow
from hpo_tui.tui.tables.several_rows import SeveralRows, several_table
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.unreadable import UnreadableError
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import FixedTable, LineTable
from hpo_tui.tui.widgets.notice import Notice


class CompareSeveral(Room):
    """Studies with their best trials; all are read again when they have changed."""

    HELP: ClassVar[str] = """\
## Compare

The best full-task trial of each study, with what the study has spent: the rows that `hpo-tui best`
prints for several studies (`--latex` and `--markdown` for a paper). Where no trial of a study meets
all goals it is the nearest, and `!` marks what it misses. `-` stands where a study has no such
metric or parameter, or no result. `Enter` opens the study. Studies that are running are followed.
"""

    @dataclass
    class Read(Message):
        """All of them as they are now."""

        rows: SeveralRows

    @dataclass
    class Unread(Message):
        """One of them cannot be read: ``why``."""

        why: str

    def __init__(self, folders: Sequence[StudyFolder]) -> None:
        super().__init__()
        self._folders = folders
        self._over = threading.Event()

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield StudyHeader(f"The best of {len(self._folders)} studies")
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread that lives as long as the screen."""
        self.query_one(LineTable).display = False
        self.run_worker(self._read, thread=True, group="compare", exit_on_error=False)

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Leave it: the studies are looked at by the screen itself."""

    def _read(self) -> None:
        follow(self, self._folders, self._over, self._look)

    def _look(self) -> Message:
        try:
            head, rows = several_table([read_once(folder) for folder in self._folders], 1)
        except UnreadableError as error:
            return self.Unread(str(error))
        except Exception as error:  # noqa: BLE001 - else the screen would wait for ever
            return self.Unread(f"The studies cannot be compared: {report_crash(error)}.")
        return self.Read(SeveralRows([folder.name for folder in self._folders], head, rows))

    @on(Read)
    def _take(self, message: Read) -> None:
        table = self.query_one(LineTable)
        self.query_one(Notice).display = False
        table.display = True
        table.set_rows(message.rows)
        if self.is_current and not table.has_focus:
            table.focus()

    @on(Unread)
    def _tell(self, message: Unread) -> None:
        if self.query_one(LineTable).display:
            self.say(message.why, "warning")
        else:
            self.query_one(Notice).say(message.why)

    @on(LineTable.Activated)
    def _open(self, event: LineTable.Activated) -> None:
        self.hpo.open_study(next(f for f in self._folders if f.name == event.key))
