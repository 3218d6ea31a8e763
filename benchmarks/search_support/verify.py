"""Whether this harness scores as the given peers were scored: rerun two of them and compare.

TPE is deterministic given its seed, so its trajectories must come out the same (with the Optuna
version the peers were made with). Random search can only agree in distribution.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from search_support.compare import COSTS
from search_support.engines import ENGINES
from search_support.plan import Catalogue
from search_support.problem import Problem
from search_support.records import PeerRun, read_peers
from search_support.simulate import simulate

_RANDOM_SEEDS = 200


@dataclass(frozen=True)
class Check:
    """One problem: how many of ``seeds`` TPE runs are the same, random's place at each cost."""

    problem: str
    same: int
    seeds: int
    chances: tuple[float, ...]


def check(catalogue: Catalogue, path: Path, *, fresh: bool) -> list[Check]:
    """Return the checks kept in ``path``, made anew (and kept) when ``fresh``."""
    if fresh and catalogue.bench is not None:
        found = []
        for name in catalogue.given():
            runs = read_peers(catalogue.bench, name)
            found.append(check_problem(catalogue.problem(name), runs))
        path.write_text(json.dumps([asdict(c) for c in found]), encoding="utf-8")
        return found
    if path.is_file():
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Check(**(e | {"chances": tuple(e["chances"])})) for e in entries]
    return []


def check_problem(problem: Problem, peers: Sequence[PeerRun], most: int = 5) -> Check:
    """Rerun up to ``most`` of TPE's seeds and 200 of random's."""
    tpe = [run for run in peers if run.peer == "tpe"][:most]
    same = sum(_difference(problem, run) < 1e-6 for run in tpe)
    random = [run for run in peers if run.peer == "random"]
    return Check(problem.name, same, len(tpe), _places(problem, random))


def _difference(problem: Problem, peer: PeerRun) -> float:
    run = simulate(problem, ENGINES["tpe"](problem, peer.seed, resume=False), resume=False)
    pairs = zip(run.steps, peer.trajectory, strict=True)
    return max(abs((a[2] or 0.0) - (b[2] or 0.0)) for a, b in pairs)


def _places(problem: Problem, peers: Sequence[PeerRun]) -> tuple[float, ...]:
    """Return where the peers' median lies among medians of as many of our runs."""
    scores = np.array(
        [
            [s for _, _, s in simulate(problem, engine, resume=False).steps]
            for engine in (
                ENGINES["random"](problem, k, resume=False) for k in range(_RANDOM_SEEDS)
            )
        ],
        dtype=float,
    )
    rng, out = np.random.default_rng(0), []
    for cost in COSTS:
        given = float(np.median([run.at(cost) for run in peers]))
        draws = rng.choice(scores[:, int(cost) - 1], (4000, len(peers)))
        medians = np.median(draws, axis=1)
        out.append(float(np.mean(medians < given) + 0.5 * np.mean(medians == given)))
    return tuple(out)
