"""``hpo-tui doctor``: what of this machine helps or hurts a study."""

import configparser
import fcntl
import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile

import click

from hpo_tui.store.connect import NETWORK_FILE_SYSTEMS, file_system
from hpo_tui.store.folder import find_home, working_folder
from hpo_tui.store.locks import why_unlockable
from hpo_tui.tui.cli.doctor_finding import GIB, Finding
from hpo_tui.tui.cli.doctor_gpus import check_gpu
from hpo_tui.tui.cli.errors import explain
from hpo_tui.tui.cli.text import colours, note, say, unicode_ok
from hpo_tui.tui.words.plain import plain


def check_python() -> Iterator[Finding]:
    """Python, and the libraries that a study needs."""
    version = ".".join(str(n) for n in sys.version_info[:3])
    found = [f"Python {version}"]
    for name in ("hpo-tui", "torch", "optuna", "textual"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield _not_installed(name)
    yield Finding("ok", "python", ", ".join(found))


def _not_installed(name: str) -> Finding:
    """Say that a package is not installed: a warning if runners and trials find it all the same."""
    module = name.replace("-", "_")
    there = f"import sys; from importlib.util import find_spec; sys.exit(not find_spec('{module}'))"
    # As a runner is started; from elsewhere, since trials run in folders of their own.
    asked = [sys.executable, "-P", "-c", there]
    try:
        found = subprocess.run(asked, cwd="/", check=False, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        found = False
    if not found:
        return Finding("bad", "python", f"{name} is not installed: pip install hpo-tui")
    return Finding("warn", "python", f"{name} is not installed, but Python finds it:"
                   " studies run as long as PYTHONPATH stays as it is. To be sure, pip install"
                   " hpo-tui")  # fmt: skip


def check_processor() -> Iterator[Finding]:
    """Cores and memory that may be used, and the system's list of processes."""
    import psutil

    from hpo_tui.engine.launch import starting
    from hpo_tui.engine.threads import count_cores

    if not starting.PROC.exists():
        yield Finding("bad", "machine", starting.NO_PROC)

    cores = count_cores() if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory()
    text = (
        f"{cores} cores, {memory.available / GIB:.1f} of {memory.total / GIB:.0f} GiB memory free"
    )
    yield Finding("warn" if memory.available < GIB else "ok", "machine", text)
    shared = Path("/dev/shm")
    if shared.is_dir() and shutil.disk_usage(shared).total < GIB // 4:
        yield Finding("warn", "machine", "/dev/shm is small (a container?): data loaders with"
                      " workers may fail; give it --shm-size")  # fmt: skip


def check_terminal() -> Iterator[Finding]:
    """Look at what the screen can show."""
    if not sys.stdout.isatty():
        yield Finding("note", "terminal", "stdout is not a terminal: `run` prints lines")
    term = os.environ.get("TERM", "")
    size = shutil.get_terminal_size()
    inside = next((n for n, v in (("tmux", "TMUX"), ("screen", "STY")) if os.environ.get(v)), "")
    colour = os.environ.get("COLORTERM") or ("256 colours" if "256" in term else "few colours")
    line = f"TERM={term or 'unset'}, {colour}, {size.columns}x{size.lines}"
    line += f", inside {inside}" if inside else ""
    line += ", over SSH" if os.environ.get("SSH_CONNECTION") else ""
    if term in ("", "dumb") and sys.stdout.isatty():
        yield Finding("warn", "terminal", f"{line}: the screens need a real TERM")
    elif inside == "screen":
        yield Finding("note", "terminal", f"{line}: copying to your clipboard may not work")
    else:
        yield Finding("ok", "terminal", line)


def check_locale() -> Iterator[Finding]:
    """Whether Unicode comes through."""
    encoding = locale.getpreferredencoding(False)
    if unicode_ok() and "utf" in encoding.lower():
        yield Finding("ok", "locale", encoding)
    else:
        yield Finding("warn", "locale", f"{encoding}: charts are drawn in ASCII;"
                      " with LANG=C.UTF-8 they are finer")  # fmt: skip


def check_disk() -> Iterator[Finding]:
    """Room, the kind of file system and whether it can be written."""
    place = find_home(working_folder()) or Path.cwd()
    free = shutil.disk_usage(place).free
    kind = file_system(place)
    text = f"{plain(str(place))}: {free / GIB:.1f} GiB free, {kind or 'unknown file system'}"
    if not os.access(place, os.W_OK):
        yield Finding("bad", "disk", f"{text}: you cannot write there")
    elif free < GIB:
        yield Finding("bad" if free < GIB // 16 else "warn", "disk", f"{text}: that is very little")
    elif kind in NETWORK_FILE_SYSTEMS:
        yield Finding("warn", "disk", f"{text}: a network file system. Studies work there with"
                      " SQLite's slower journal; a local disk is safer")  # fmt: skip
    elif kind in ("tmpfs", "ramfs"):
        yield Finding("warn", "disk", f"{text}: studies there are lost at a restart")
    else:
        yield Finding("ok", "disk", text)
    yield from _check_locks(place)


def _check_locks(place: Path) -> Iterator[Finding]:
    """Say so where files cannot be locked, which a runner needs."""
    with suppress(OSError), TemporaryFile(dir=place) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            yield Finding("bad", "disk", plain(why_unlockable(place, error)))


def check_session() -> Iterator[Finding]:
    """Whether a run survives the end of the login session."""
    kills = kills_user_processes()
    if kills is None:
        yield Finding("note", "session", "no systemd-logind here: runs continue when you log out")
    elif not kills:
        yield Finding("ok", "session", "KillUserProcesses=no: runs continue when you log out")
    elif _lingers():
        yield Finding(
            "ok",
            "session",
            "KillUserProcesses=yes, but lingering is enabled: runs continue when you log out",
        )
    else:
        yield Finding("warn", "session", "KillUserProcesses=yes: systemd ends your runs when you"
                      " log out. To prevent this, run loginctl enable-linger once, and start"
                      " studies with systemd-run --user --scope hpo-tui run …")  # fmt: skip


def _output(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def kills_user_processes(etc: Path = Path("/etc/systemd")) -> bool | None:
    """Return logind's KillUserProcesses; None where there is no logind."""
    bus = "org.freedesktop.login1"
    said = _output("busctl", "get-property", bus, "/org/freedesktop/login1", f"{bus}.Manager",
                   "KillUserProcesses")  # fmt: skip
    if said:
        return said.endswith("true")
    value = None
    for file in (etc / "logind.conf", *sorted((etc / "logind.conf.d").glob("*.conf"))):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(file.read_text("utf-8", "replace"))
        except (OSError, configparser.Error):
            continue
        value = parser.get("Login", "KillUserProcesses", fallback=value)
    return None if value is None else value.strip().lower() in ("yes", "true", "1", "on")


def _lingers() -> bool:
    return _output("loginctl", "show-user", str(os.getuid()), "-p", "Linger") == "Linger=yes"


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python, check_gpu, check_processor, check_terminal, check_locale, check_disk,
    check_session,
)  # fmt: skip


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def doctor(as_json: bool) -> int:
    """Check GPU, driver, terminal, locale, disk and login session.

    The exit status is 1 if something would prevent a study from running.
    """
    findings = []
    for check in CHECKS:
        try:
            findings += list(check())
        except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
            name = check.__name__.removeprefix("check_")
            findings.append(Finding("warn", name, f"cannot be checked: {explain(error)}"))
    if as_json:
        from hpo_tui.store.transfer.write_text import json_line

        say("[" + ",\n ".join(json_line(asdict(f)) for f in findings) + "]")
    else:
        for finding in findings:
            say(_line(finding))
    bad = [f for f in findings if f.level == "bad"]
    if bad and not as_json:
        note(f"{len(bad)} of these would prevent a study from running")
    return 1 if bad else 0


_MARKS = {
    "ok": ("ok  ", "32"), "note": ("-   ", "2"), "warn": ("!   ", "33"), "bad": ("BAD ", "31"),
}  # fmt: skip


def _line(finding: Finding) -> str:
    mark, colour = _MARKS[finding.level]
    if colours(sys.stdout):
        mark = f"\x1b[{colour}m{mark}\x1b[0m"
    return f"{mark}{finding.what:<9} {plain(finding.text)}"
