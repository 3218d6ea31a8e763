"""A terminal for the screen benchmarks: a program in a pty, its CPU time, its bytes, its keys."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

MARK = ("<!-- screens -->", "<!-- /screens -->")
MEASUREMENTS = Path(__file__).resolve().parent.parent / "docs" / "measurements.md"
_TICK = os.sysconf("SC_CLK_TCK")

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare-ready")
Bare().run()
"""
"""The least that Textual can do: what first frames are compared with."""


def app_command(folder: Path) -> list[str]:
    """Return the command that opens a study."""
    return [str(Path(sys.executable).with_name("hpo-tui")), str(folder)]


class Terminal:
    """A child process in a pty of ``columns`` by ``rows``; as a context manager, ended at last."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, home: Path) -> None:
        self.output = bytearray()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(
                TERM="xterm-256color", LANG="C.UTF-8", XDG_STATE_HOME=str(home / "state"),
                XDG_CONFIG_HOME=str(home / "config"), OMP_NUM_THREADS="1",
                PYTHONPYCACHEPREFIX=str(home / "bytecode"),
            )  # fmt: skip
            # Modules are compiled once, as those of an installed program are.
            for name in ("COLORTERM", "NO_COLOR", "COLUMNS", "LINES", "TEXTUAL_COLOR_SYSTEM",
                         "PYTHONDONTWRITEBYTECODE"):  # fmt: skip
                os.environ.pop(name, None)
            time.sleep(0.05)  # until the size of the terminal has been set
            os.execvp(command[0], list(command))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def pump(self, seconds: float) -> int:
        """Take what the program writes for so long; return the number of bytes."""
        before, end = len(self.output), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(left)
        return len(self.output) - before

    def _take(self, wait: float) -> bool:
        if not select.select([self.fd], [], [], wait)[0]:
            return False
        try:
            self.output += os.read(self.fd, 1 << 16)
        except OSError as gone:
            raise SystemExit(f"the program ended:\n{self.text()[-2000:]}") from gone
        return True

    def wait(self, found: Callable[[bytes], bool], seconds: float) -> float:
        """Wait until what has been written since now passes ``found``; return the seconds."""
        start, began = len(self.output), time.monotonic()
        while time.monotonic() - began < seconds:
            self._take(0.005)
            if found(bytes(self.output[start:])):
                return time.monotonic() - began
        raise SystemExit(f"waited {seconds} s in vain:\n{self.text()[-2000:]}")

    def press(self, key: str) -> None:
        """Type a key."""
        os.write(self.fd, key.encode())

    def cpu(self) -> float:
        """Return the CPU seconds of the program so far."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / _TICK

    def settle(self, quiet: float = 1.0, most: float = 60.0) -> float:
        """Take output until nothing comes for ``quiet`` seconds; return the CPU seconds."""
        end = time.monotonic() + most
        while time.monotonic() < end and self.pump(quiet):
            pass
        return self.cpu()

    def text(self) -> str:
        """Return what was written without its escape sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.output.decode("utf-8", "replace"))


def shows(*words: str) -> Callable[[bytes], bool]:
    """Return a test for whether all ``words`` have been written."""
    wanted = [w.encode() for w in words]
    return lambda data: all(w in data for w in wanted)


def record(name: str, lines: Sequence[str]) -> None:
    """Print a benchmark's result, and keep it in the measurements, in place of its last one."""
    block = f"**{name}**\n\n" + "\n".join(lines)
    print(block)
    text = MEASUREMENTS.read_text() if MEASUREMENTS.is_file() else "# Measurements\n"
    if MARK[0] not in text:
        text = f"{text.rstrip()}\n\n## Screens\n\n{MARK[0]}\n{MARK[1]}\n"
    head, _, rest = text.partition(MARK[0])
    body, _, tail = rest.partition(MARK[1])
    blocks = [b for b in re.split(r"\n\n(?=\*\*)", body.strip()) if b]
    kept = [b for b in blocks if not b.startswith(f"**{name}**")]
    body = "\n\n".join(sorted([*kept, block]))
    MEASUREMENTS.write_text(f"{head}{MARK[0]}\n\n{body}\n\n{MARK[1]}{tail}")
