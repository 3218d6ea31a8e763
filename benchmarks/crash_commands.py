"""The commands of ``crash_points.py``: each is done whole or not at all, and can be given again.

A call of theirs is the last, or fails: what they say then is for people.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import crash_study
from crash_digest import copied, differs, digest, end_runners, unfinished
from crash_strace import DURABLE, ENVIRONMENT, counted, lines, runner_of, spread, traced

from hpo_tui.store.folder import HOME
from hpo_tui.store.read import StudyReader

ANALYSING = "analysing"
"""The process that does the work of ``analyse``: strace follows one process alone."""
COMMANDS = (
    "extend 1", "edit x.high=1.5 slots=1", "enqueue x=0.25", "retry 2",
    "promote {short}", "confirm 5", "star 3", "tag 3 a b", "note 3 hello", "tidy crash --yes",
    "archive crash", "delete crash --yes", "import trials.csv --name other --maximize accuracy",
    "export --csv -o out.csv", "run other.toml --no-wait", "resume",
    "export --json -o out.jsonl", "export --parquet -o out.parquet",
    "export --optuna sqlite:///out.db", "export --optuna out.journal",
    "enqueue x=0.25; stop", "retry 2; kill 2", ANALYSING, "analyse crash",
    "init options.py --no-run", "init options.py", "init --no-run -- python filled.py filled.yaml",
)  # fmt: skip
"""Before a semicolon: what was done already."""
_LOOSE = {
    "tidy": "/checkpoints", "run": "/study.toml", "resume": "/study.toml", "init": "study.toml",
}  # fmt: skip
"""Commands of which only a part is compared.

``tidy`` goes on where it was, a runner does the rest, ``init`` writes the study file at the end.
"""
_WRITES = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate")
_NAMES = ("mkdir", "rename", "unlink", "link", "openat")
ERRORS = dict.fromkeys(_WRITES, ("ENOSPC", "EIO")) | dict.fromkeys(_NAMES, ("EACCES", "ENOSPC"))
"""Call → the errors that it is given."""
_BUGS = ("Traceback", "bug in hpo-tui", "[Errno", ".part")
"""Words that are not for people."""

_OPTIONS = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
for epoch in range(args.epochs):
    print(f"epoch {epoch + 1} loss={1 / (epoch + 1 + args.lr)}")
"""
_FILLED = """
import sys, yaml
config = yaml.safe_load(open(sys.argv[1]))
print("loss=" + str(config["lr"]))
"""


def prepare(place: Path) -> None:
    """Make ready what the commands work on: ``place`` holds a study that was run."""
    hpo_tui(place, "extend 2 -s crash")
    hpo_tui(place, "export --csv -o trials.csv")
    text = crash_study.STUDY.format(python=sys.executable, budget=3).replace('"crash"', '"other"')
    (place / "other.toml").write_text(text)
    (place / "options.py").write_text(_OPTIONS)
    (place / "filled.py").write_text(_FILLED)
    (place / "filled.yaml").write_text("lr: 0.1\nmomentum: 0.9\n")


def line(place: Path, words: str) -> list[str]:
    """Return a command as it is started."""
    if words == ANALYSING:
        folder = str(place / HOME / "crash")
        return [sys.executable, "-P", "-m", "hpo_tui.engine.runner.analysing", folder]
    return [sys.executable, "-m", "hpo_tui", *words.split()]


def hpo_tui(
    place: Path, words: str, before: list[str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command, ``before`` it what it runs under."""
    argv = [*(before or []), *line(place, words)]
    return subprocess.run(argv, cwd=place, capture_output=True, text=True, check=False)


class Command:
    """One command, on copies of a study: what it changes, and what a fault makes of it."""

    def __init__(self, words: str, source: Path) -> None:
        *first, self.words = words.split("; ")
        self.named = re.sub(r"[^a-z]+", "-", words)
        self.loose = _LOOSE.get(self.words.split()[0], "")
        self.source = copied(source, source.parent / f"before-{self.named}")
        self.said: set[str] = set()
        """What it has said of errors."""
        for each in first:
            hpo_tui(self.source, each)
        place = self._copy("whole")
        self.before = digest(place)
        self.log = self.source.parent / "whole.strace"
        done = hpo_tui(place, self.words, traced([], self.log, calls=f"{DURABLE},openat"))
        end_runners(place)
        self.after = digest(place)
        shutil.rmtree(place)
        self.refused = done.stderr or "it is refused" if done.returncode else ""
        self.calls = counted(self.log)

    def _copy(self, name: str) -> Path:
        return copied(self.source, self.source.parent / name)

    def _under(self, place: Path, call: str, fault: str) -> "subprocess.CompletedProcess[str]":
        """Run it into a fault; what it has started is ended."""
        log = self.source.parent / f"{place.name}.strace"
        done = hpo_tui(place, self.words, traced([], log, f"{call}:{fault}", calls=call))
        end_runners(place)
        return done

    def killed(self, call: str, number: int) -> str:
        """Kill it before a call, then give it again; return what is wrong, else an empty text."""
        place = self._copy(f"{self.named}-{call}-{number}")
        self._under(place, call, f"signal=KILL:when={number}")
        return self._again(place)

    def failed(self, call: str, number: int, name: str) -> str:
        """Have a call fail, then give it again; return what is wrong, else an empty text."""
        place = self._copy(f"{self.named}-{call}-{number}-{name}")
        done = self._under(place, call, f"error={name}:when={number}")
        said = done.stderr.strip() or (done.stdout.strip() if self.words == ANALYSING else "")
        if done.returncode:
            self.said.add(said.replace(str(place), "PLACE"))
        if any(word in said for word in _BUGS):
            return f"it says {said[-300:]}"
        lacks = [p for p in differs(digest(place), self.after) if p.endswith(self.loose)]
        if done.returncode == 0 and lacks:
            return f"status 0, though {lacks} is not as it is without an error: {said[-300:]}"
        if done.returncode and not said:
            return f"status {done.returncode}, but no word"
        return self._again(place)

    def _again(self, place: Path) -> str:
        """Say what is wrong behind a fault: half is done, or the same command does not do it."""
        found, done = digest(place), False
        if differs(found, self.before):
            done = not differs(found, self.after)
            if not done and not self.loose:
                changed, lacks = differs(found, self.before), differs(found, self.after)
                return f"it is in between: {changed} changed, {lacks} not"
        again = hpo_tui(place, self.words)
        end_runners(place)
        if any(word in again.stderr for word in _BUGS) or (again.returncode and not done):
            return f"given again it says {again.stderr[-300:]}"
        parts = [p for p in differs(digest(place), self.after) if p.endswith(self.loose)]
        if not done and parts:
            return f"given again it makes {parts} otherwise than at once"
        left = [] if self.words.startswith("init") else unfinished(place)  # a day they may lie
        if left and not again.returncode:
            return f"given again it leaves {left}"
        shutil.rmtree(place)
        return ""

    def kills(self, most: int) -> list[tuple[str, int]]:
        """Return where it is killed: each call, of one kind ``most``."""
        counts = {c: n for c, n in self.calls.items() if c != "openat"}
        return [(c, n) for c, count in counts.items() for n in spread(1, count, most)]

    def errors(self, most: int) -> list[tuple[str, int, str]]:
        """Return which calls fail, and how: all but those that write on the screen."""
        plans = []
        for call, names in ERRORS.items():
            every = lines(self.log, call)
            fit = [
                n for n, text in enumerate(every, 1)
                if not re.match(r"\w+\([12]<", text) and (call != "openat" or "O_CREAT" in text)
            ]  # fmt: skip
            for name in names:
                plans += [(call, fit[i - 1], name) for i in spread(1, len(fit), most)]
        return plans


def _commands(base: Path) -> list[str]:
    """Return the commands, and make the study that they are given."""
    made = crash_study.make(base / "study")
    subprocess.run(
        runner_of(made), cwd=made.workplace, env=ENVIRONMENT, check=True, capture_output=True
    )
    prepare(made.workplace)
    with StudyReader(made.db) as reader:
        trials = reader.trials()
    carried = {t.resumed_from for t in trials}
    short = next(t.number for t in trials if t.task == "short" and t.number not in {2, *carried})
    lacks = importlib.util.find_spec("pyarrow") is None
    return [c.format(short=short) for c in COMMANDS if not (lacks and "--parquet" in c)]


def sweep(base: Path, most: int, jobs: int, *, errors: bool, only: str = "") -> int:
    """Kill every command at its calls, ``most`` of a kind; return how many points had faults.

    ``errors``: its calls fail instead. ``only``: what begins one command, which is tried alone.
    """
    base = base / ("failing" if errors else "killed")
    points = wrong = count = 0
    for words in (w for w in _commands(base) if w.startswith(only)):
        command = Command(words, base / "study")
        if command.refused:
            raise SystemExit(f"{words}: {command.refused.strip()}")
        plans = command.errors(most) if errors else command.kills(most)
        with ThreadPoolExecutor(jobs) as pool:
            do = command.failed if errors else command.killed
            found = list(pool.map(lambda plan, do=do: do(*plan), plans))
        points, count = points + len(plans), count + 1
        for plan, fault in zip(plans, found, strict=True):
            if fault:
                wrong += 1
                print(f"  FAULT {words}, {' '.join(map(str, plan))}: {fault}", flush=True)
        for said in sorted(command.said):
            print(f"    {words}: {said}", flush=True)
    what = "commands, errors" if errors else "commands, killed"
    print(f"{what}: {count} at {points} points, {wrong} with faults", flush=True)
    return wrong
