"""Crash points: a runner, and commands that write, killed before every call that changes a file.

``python benchmarks/crash_points.py`` runs a small study once for each such call of the runner's
life, kills the runner there, has a second one finish the study, and checks that no result was lost
or made twice, that the ledger adds up and that nothing is left behind. The same for a runner that
takes over from one that was killed, for commands, and with errors instead of kills. Needs strace,
whose fault injection does it. The exit status says whether all held.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import crash_commands
import crash_live
import crash_study
from crash_strace import DURABLE, ENVIRONMENT, counted, runner_of, spread, traced

from hpo_tui.engine.launch import runner_pid
from hpo_tui.store.ask import ask
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader

WRITES = ("pwrite64", "fdatasync", "ftruncate", "mkdir", "rename", "unlink")
SWEEPS = ("kills", "errors", "takeover", "commands", "command-errors", "live")
FIRSTS = (
    "vfork:signal=KILL:when=4", "pwrite64:signal=KILL:when=90", "rename:signal=KILL:when=2",
    "kill:signal=KILL:when=1",
)  # fmt: skip
"""Where the first of three runners is killed: about to start a trial, amid its reports, …"""
_TAKEOVER = 30
"""Calls of one kind that a takeover makes at most."""
Plan = tuple[str, str, str]
"""What a point is called, what strace injects, and which calls it follows."""
_ON_END = 5
"""How many calls more fail where it is not one alone."""
_LIMIT = 150.0
"""Seconds that one runner may take."""
_ASKED = 10
"""At one of so many points commands are asked about the study as well."""


class Point:
    """One study, and the faults that its first runners run into, each into one."""

    def __init__(self, place: Path, faults: Sequence[str], calls: str) -> None:
        self.place, self.inject, self.calls = place, faults, calls
        self.folder = crash_study.make(place)
        self.paused = False

    def run(self, *, asking: bool) -> list[str]:
        """Have the study run into its faults, then to its end; return what is wrong.

        ``asking``: also what commands say of it, after the fault and at the end.
        """
        ask(self.folder.db, "enqueue", {"params": {"x": 0.5}})
        ask(self.folder.db, "extend", {"amount": crash_study.EXTENDED})
        found = [fault for inject in self.inject for fault in self._one(inject)]
        if asking:
            found += [f"after the fault: {text}" for text in crash_study.asked(self.folder)]
        for _ in range(3):
            if not self._finished():
                found += self._one("")
        deadline = time.monotonic() + 10
        while crash_study.left(self.folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        found += crash_study.faults(self.folder)
        if asking:
            found += crash_study.asked(self.folder)
        crash_study.end(self.folder)
        return found

    def _finished(self) -> bool:
        with StudyReader(self.folder.db) as reader:
            return reader.study().state is StudyState.FINISHED

    def _one(self, inject: str) -> list[str]:
        """Run one runner to its end, in whatever way that comes."""
        argv = runner_of(self.folder)
        if inject:
            argv = traced(argv, self.place / "strace", inject, calls=self.calls)
        deadline = time.monotonic() + _LIMIT
        with self.folder.log.open("ab") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT,
                cwd=self.place, start_new_session=True,
            )  # fmt: skip
            while process.poll() is None:
                if time.monotonic() > deadline:
                    os.killpg(process.pid, signal.SIGKILL)
                    return [f"a runner was not done within {_LIMIT:g} s"]
                self._steer()
                time.sleep(0.02)
        return []

    def _steer(self) -> None:
        """Pause the study once, and resume it whenever it is paused."""
        with StudyReader(self.folder.db) as reader:
            study, counts = reader.study(), reader.counts()
            waits = reader.open_commands(["pause", "resume"])
        ended = sum(n for state, n in counts.items() if state.ended)
        if ended >= 3 and not self.paused:
            self.paused = True
            ask(self.folder.db, "pause")
        elif study.state is StudyState.PAUSED and not waits and runner_pid(self.folder):
            ask(self.folder.db, "resume")


def last_call(log: Path) -> str:
    """Return the last call that strace has written down, and the file that it was about."""
    lines = [x for x in log.read_text("utf-8", "replace").splitlines() if "(" in x[:12]]
    if not lines:
        return "none"
    call, _, rest = lines[-1].partition("(")
    found = re.search(r'<(/[^>]+|pipe)|"(/[^"]+)"', rest)
    name = "" if found is None else Path(found[1] or found[2]).name
    name = (
        "a trial's file" if found and "/trials/" in found[0] else re.sub(r"\w{8}\.tmp", "tmp", name)
    )
    return f"{call} {name}"


def reference(base: Path, calls: str, first: Sequence[str] = ()) -> Counter[str]:
    """Return how often the runner makes each of these calls when nothing happens to it.

    ``first``: what those before it ran into.
    """
    point = Point(base / "reference", [*first, "kill:signal=KILL:when=60000"], calls)
    found = point.run(asking=True)
    if found:
        raise SystemExit("without any fault: " + "; ".join(found))
    counts = counted(point.place / "strace")
    shutil.rmtree(point.place)
    return counts


def kills(counts: Counter[str], most: int) -> list[Plan]:
    """Return a kill at every call, of calls that are frequent at ``most`` of them, spread out."""
    return [
        (f"{call} {n}", f"{call}:signal=KILL:when={n}", call)
        for call, count in sorted(counts.items())
        for n in spread(1, count, most)
    ]


def errors(counts: Counter[str], most: int) -> list[Plan]:
    """Return errors of the disk and of the machine, each once and for some calls on end."""
    plans: list[Plan] = []
    names: tuple[str, ...]
    for call, count in sorted(counts.items()):
        begin = 1
        if call == "openat":  # Python's own start is not ours
            names, begin = ("EMFILE",), count // 2
        elif call == "vfork":
            names = ("EAGAIN", "ENOMEM")
        elif call in WRITES:
            names = ("ENOSPC", "EIO")
        else:
            continue
        plans += [
            (f"{name} at {call} {n}{more}", f"{call}:error={name}:when={n}{more}", call)
            for name in names
            for more in ("", "..{}")
            for n in spread(begin, count, max(2, most // len(names)))
        ]
    last = [int(inject.rpartition("=")[2].partition("..")[0]) + _ON_END for _, inject, _ in plans]
    return [(a.format(n), b.format(n), c) for (a, b, c), n in zip(plans, last, strict=True)]


def takeovers(base: Path, most: int, jobs: int) -> int:
    """Kill one runner, and the one that takes over at each of its calls; the third has to do."""
    wrong = 0
    for first in FIRSTS:
        began = time.monotonic()
        counts = reference(base, DURABLE, [first])
        # A takeover is what a runner begins with: its first calls, and some of those behind them.
        early = kills(Counter({c: min(n, _TAKEOVER) for c, n in counts.items()}), most)
        plans = sorted({*early, *kills(counts, max(2, most // 6))})
        print(f"takeover, first {first}: {len(plans)} points", flush=True)
        bad = sweep(base / first, plans, jobs, [first])
        print(f"  {bad} of {len(plans)} with faults, {time.monotonic() - began:.0f} s", flush=True)
        wrong += bad
    return wrong


def sweep(base: Path, plans: list[Plan], jobs: int, first: Sequence[str] = ()) -> int:
    """Run every plan and say what is wrong; return with how many of them anything was.

    ``first``: what runners before those of the plan ran into.
    """
    where: Counter[str] = Counter()

    def one(index: int) -> bool:
        name, inject, calls = plans[index]
        point = Point(base / f"{index:05d}", [*first, inject], calls)
        found = point.run(asking=index % _ASKED == 0)
        at = last_call(point.place / "strace")
        where[at] += 1
        if found:
            print(f"  FAULT {point.place.name}, {name}, {at}: {'; '.join(found)}", flush=True)
        else:
            shutil.rmtree(point.place)
        return bool(found)

    with ThreadPoolExecutor(jobs) as pool:
        wrong = sum(pool.map(one, range(len(plans))))
    for at, count in sorted(where.items()):
        print(f"    {count:4d} {at}")
    return wrong


def main() -> int:
    """Run the sweeps; return 0 if everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=60, help="points of one kind of call at most")
    parser.add_argument("--jobs", type=int, default=2, help="studies at once")
    parser.add_argument("--only", choices=SWEEPS, help="one sweep")
    parser.add_argument("--command", default="", help="of the commands, those that begin so")
    args = parser.parse_args()
    if shutil.which("strace") is None:
        print("strace is not here: its fault injection does the killing. Install it first.")
        return 2
    base = Path(tempfile.mkdtemp(prefix="crash-"))
    wrong = 0
    for name, calls, plan in (("kills", DURABLE, kills), ("errors", DURABLE + ",openat", errors)):
        if args.only not in (None, name):
            continue
        began = time.monotonic()
        most = args.most if name == "kills" else max(2, args.most // 8)
        plans = plan(reference(base, calls), most)
        print(f"{name}: {len(plans)} points", flush=True)
        bad = sweep(base, plans, args.jobs)
        print(f"  {bad} of {len(plans)} with faults, {time.monotonic() - began:.0f} s", flush=True)
        wrong += bad
    if args.only in (None, "takeover"):
        wrong += takeovers(base, args.most, args.jobs)
    if args.only in (None, "live"):
        wrong += crash_live.sweep(base / "live", args.jobs)
    for failing, name in ((False, "commands"), (True, "command-errors")):
        if args.only in (None, name):
            most = max(2, args.most // (20 if failing else 10))
            wrong += crash_commands.sweep(base, most, args.jobs, errors=failing, only=args.command)
    print("  all held" if not wrong else f"  faults at {wrong} points, kept in {base}")
    if not wrong:
        shutil.rmtree(base)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
