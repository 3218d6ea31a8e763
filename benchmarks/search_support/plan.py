"""Which runs a command means, and making them: one process each job, resumable at any line."""

import itertools
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from search_support.development import DRAWN, SURROGATES, drawn
from search_support.engines import ENGINES
from search_support.generated import GENERATED, generated
from search_support.instances import INSTANCES, SEVERAL, instance
from search_support.problem import Problem, load_given
from search_support.records import Key, line, read
from search_support.simulate import Run, simulate
from search_support.spoiled import FAILING, KINDS, NOISY, spoil

_GROUPS = (
    "given", "generated", "instances", "several", "development", "spoiled", "failing", "noisy",
    "all",
)  # fmt: skip
_LIKE = INSTANCES | SURROGATES | SEVERAL


@dataclass(frozen=True)
class Catalogue:
    """All problems by name: those of the benchmark folder (if there is one) and those made here."""

    bench: Path | None

    def given(self) -> list[str]:
        """Return the names of the given problems."""
        return [] if self.bench is None else list(load_given(self.bench))

    def expand(self, words: Sequence[str]) -> list[str]:
        """Return problem names for names and groups (given, development, all and so on)."""
        out: list[str] = []
        for word in itertools.chain.from_iterable(w.split(",") for w in words):
            if word in ("given", "all"):
                out += self.given()
            if word in ("generated", "all"):
                out += list(GENERATED)
            if word == "instances" and self.bench:
                out += list(INSTANCES)
            if word == "several" and self.bench:
                out += list(SEVERAL)
            if word == "development":
                out += [*(SURROGATES if self.bench else ()), *DRAWN]
            if word == "spoiled":
                out += [f"{p}~{k}" for p in self.given()[:1] + self.given()[4:5] for k in KINDS]
            if word == "failing":
                out += [f"{p}~{FAILING}" for p in (*(INSTANCES if self.bench else ()), *GENERATED)]
            if word == "noisy":
                out += [f"{p}~{k}" for p in (INSTANCES if self.bench else GENERATED) for k in NOISY]
            if word not in _GROUPS:
                out.append(word)
        return list(dict.fromkeys(out))

    def problem(self, name: str) -> Problem:
        """Return a problem; raises SystemExit naming those there are."""
        base, _, kind = name.partition("~")
        given = {} if self.bench is None else load_given(self.bench)
        if base in GENERATED:
            found = generated(base)
        elif base in given:
            found = given[base]
        elif base in DRAWN:
            found = drawn(base)
        elif base in _LIKE and self.bench is not None:
            found = instance(self.bench, base, *_LIKE[base])
        else:
            known = ", ".join([*given, *GENERATED, *DRAWN, *(_LIKE if self.bench else ())])
            hint = "" if self.bench else " (no benchmark folder was found: --bench DIR names it)"
            raise SystemExit(f"search.py: no problem {base!r}; there are: {known}{hint}")
        kinds = (*KINDS, FAILING, *NOISY)
        if kind and kind not in kinds:
            raise SystemExit(f"search.py: {kind!r} spoils nothing; say one of {', '.join(kinds)}")
        return spoil(found, kind) if kind else found


def one(bench: str | None, key: Key, until: float) -> Run:
    """Make one run; the entry point of a worker process."""
    problem = Catalogue(None if bench is None else Path(bench)).problem(key.problem)
    resume = key.accounting == "inc"
    engine = ENGINES[key.engine](problem, key.seed, resume=resume)
    return simulate(problem, engine, resume=resume, workers=key.workers, until=until)


def make(
    bench: Path | None,
    keys: Sequence[Key],
    out: Path,
    jobs: int,
    say: Callable[[str], None],
    *,
    until: float = math.inf,
) -> int:
    """Make the runs that ``out`` lacks, appending each as it ends; return how many failed.

    ``until``: full-task units after which a run is left.
    """
    done = {record.key for record in read(out)}
    todo = [key for key in keys if key not in done]
    say(f"{len(keys)} runs wanted, {len(keys) - len(todo)} there, {len(todo)} to make")
    if not todo:
        return 0
    failed = 0
    stamp, folder = commit(), None if bench is None else str(bench)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as file:
        for count, (key, result) in enumerate(_results(folder, todo, jobs, until), 1):
            if isinstance(result, Exception):
                failed += 1
                print(
                    f"search.py: {key} failed: {type(result).__name__}: {result}", file=sys.stderr
                )
                continue
            file.write(line(key, result, stamp) + "\n")
            file.flush()
            last = result.steps[-1][2] if result.steps else None
            score = "nothing" if last is None else f"{last:.3f}"
            say(
                f"{count}/{len(todo)} {key.problem} {key.engine}-{key.accounting} p{key.workers} "
                f"seed {key.seed}: {score}, asks {sum(result.asks):.1f} CPU s"
            )
    return failed


def _results(
    folder: str | None, todo: Sequence[Key], jobs: int, until: float
) -> Iterator[tuple[Key, Run | Exception]]:
    if jobs == 1:
        for key in todo:
            try:
                yield key, one(folder, key, until)
            except Exception as error:  # noqa: BLE001 - one run's failure must not end the others
                yield key, error
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[Run], Key] = {
            pool.submit(one, folder, key, until): key for key in todo
        }
        for future in as_completed(futures):
            fault = future.exception()
            key = futures[future]
            yield (key, fault) if isinstance(fault, Exception) else (key, future.result())


def commit() -> str:
    """Return the short commit of the checkout, with ``+`` where the engine was edited since."""
    root = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return result.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "-s", "engine") else "")


def commits(out: Path) -> str:
    """Return the commits that our runs in a file were made with, and how many of each."""
    texts = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    entries = [json.loads(text) for text in texts if text.endswith("}")]
    found = Counter(e["commit"] for e in entries if e["engine"] == "ours")
    return ", ".join(f"`{c}` ({n} runs)" for c, n in found.most_common())
