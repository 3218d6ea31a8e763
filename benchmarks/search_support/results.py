"""The runs of a file, looked up by cell of the experiment and set against the peers."""

from collections.abc import Iterable, Sequence

from search_support.compare import Row, Scored, stand
from search_support.generated import GENERATED
from search_support.instances import INSTANCES, SEVERAL
from search_support.plan import Catalogue
from search_support.records import Record, peers_for, read_peers
from search_support.spoiled import KINDS


class Results:
    """What a file of runs holds, looked up by problem, engine, accounting and workers."""

    def __init__(self, catalogue: Catalogue, records: Sequence[Record]) -> None:
        self.catalogue = catalogue
        self._records = records

    def runs(
        self, problem: str, *, engine: str = "ours", accounting: str = "inc", workers: int = 1
    ) -> list[Record]:
        """Return the runs of one cell of the experiment."""
        return [
            r
            for r in self._records
            if (r.key.problem, r.key.engine, r.key.accounting, r.key.workers)
            == (problem, engine, accounting, workers)
        ]

    def names(self, *, spoiled: bool = False) -> list[str]:
        """Return the problems that any run is about, given ones first."""
        there = {r.key.problem for r in self._records}
        order = [*self.catalogue.given(), *INSTANCES, *SEVERAL, *GENERATED]
        if spoiled:
            return sorted(n for n in there if n.partition("~")[2] in KINDS)
        return [n for n in order if n in there]

    def given_rows(self, accounting: str) -> list[Row]:
        """Compare with the given peers on the given problems."""
        bench, out = self.catalogue.bench, []
        for name in self.catalogue.given():
            runs = self.runs(name, accounting=accounting)
            if bench is None or not runs:
                continue
            peers: dict[str, list[Scored]] = {
                p: list(r) for p, r in peers_for(read_peers(bench, name), accounting).items()
            }
            single = self.catalogue.problem(name).single
            out.append(stand(name, runs, peers, single=single))
        return out

    def local_rows(self, names: Iterable[str], accounting: str) -> list[Row]:
        """Compare with the peers that were run here."""
        out = []
        for name in names:
            runs = self.runs(name, accounting=accounting)
            peers = {e: self.runs(name, engine=e) for e in ("random", "tpe", "gp")}
            peers = {e: r for e, r in peers.items() if r}
            if runs and peers:
                others: dict[str, list[Scored]] = {e: list(r) for e, r in peers.items()}
                out.append(stand(name, runs, others, single=self.catalogue.problem(name).single))
        return out
