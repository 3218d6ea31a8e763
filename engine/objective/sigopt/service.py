"""What stands for SigOpt's service while a script runs as one trial of a study.

It answers the requests of SigOpt's Python client as the service would, with one suggestion and one
run: those of the trial.
"""

import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.recorded import looked_at, record
from hpo_tui.engine.objective.sigopt.bodies import (
    Body,
    active_of,
    goals,
    is_number,
    middle_of,
    named,
    places_of,
    plain_of,
)
from hpo_tui.engine.objective.turn import Turn

_EXPERIMENTS = ("experiments", "aiexperiments")
_EMPTY: Body = {"object": "pagination", "data": [], "count": 0, "paging": {}}
_ONE = "1"
"""The identifier of the one experiment."""
_FAILED = "the script says that the trial failed"


class Service:
    """The trial, as SigOpt's service would know it.

    ``values``: what was logged; ``steps``: checkpoints so far; ``experiment``: what the script has
    made of one.
    """

    def __init__(self) -> None:
        self.turn = Turn()
        self.assignments: Body = dict(client.params)
        self.task: Body = {"name": client.task, "cost": client.cost}
        self.values: dict[str, Any] = {}
        self.experiment: Body = {}
        self.steps = 0
        self._metadata: dict[str, Any] = {}
        self._begun = self._suggested = self._failed = self._over = False

    @property
    def fixed(self) -> Body:
        """What a run's parameters are: the configuration, and the task's own values."""
        return {**self.assignments, **client.fidelity}

    def begin(self, *, of_experiment: bool) -> Body:
        """Begin a run. The one after the first ends the script: the trial is over by then."""
        self.turn.take()
        if self._begun and (self._over or self.values or self.steps):
            self._finish()
        self._begun = True
        return self.run(of_experiment=of_experiment)

    def run(self, *, of_experiment: bool = False) -> Body:
        """Return the trial as a run."""
        values = {n: {"name": n, "value": v} for n, v in self.values.items()}
        return {
            "id": str(client.number), "name": f"trial {client.number}", "project": "study",
            "experiment": _ONE if of_experiment else None, "client": "0", "state": "active",
            "assignments": self.fixed, "task": self.task, "values": values,
            "metadata": dict(self._metadata), "checkpoint_count": self.steps,
            "object": "training_run",
        }  # fmt: skip

    def assign(self, values: Mapping[str, Any]) -> None:
        """Take in the parameters that the script sets itself."""
        if said := {n: v for n, v in values.items() if n not in self.fixed and v is not None}:
            record(defaults=said)

    def log(self, values: Mapping[str, Any]) -> None:
        """Take in metrics; they are reported when the trial is over."""
        self.values.update(values)

    def checkpoint(self, values: Mapping[str, Any]) -> None:
        """Report a step of the training."""
        told = {n: v for n, v in values.items() if n != "step" and v is not None}
        self.steps += 1
        record(steps=self.steps, logged=told)
        client.report(self.steps, **told)

    def note(self, metadata: Mapping[str, Any]) -> None:
        """Take in metadata, of which the numbers are reported as metrics are."""
        self._metadata.update(metadata)

    def fail(self) -> None:
        """Take in that the parameters make no run."""
        self._failed = True

    def end(self, *, of_experiment: bool) -> None:
        """End a run, and with it the script where the run is one of an experiment."""
        self._over = True
        if of_experiment:
            self._finish()

    def _finish(self) -> None:
        with self.turn.ends():
            self.close()
            raise SystemExit(0)

    def close(self) -> None:
        """Report the result. Raises SystemExit where the trial has failed and no metric says so."""
        if self._failed:
            self._tell_of_failure()
            return
        numbers = {n: v for n, v in self._metadata.items() if is_number(v)}
        told = {n: v for n, v in {**numbers, **self.values}.items() if n != "step"}
        record(logged=self.values, metadata=[*numbers])
        if told:
            client.report(**told)

    def _tell_of_failure(self) -> None:
        """Report what no parameters should be tried again for: metrics that are no number."""
        names = [goal["name"] for goal in goals()]
        if not names or looked_at():
            raise SystemExit(_FAILED)
        sys.stderr.write(f"{_FAILED}\n")
        client.report(None, **dict.fromkeys(names, math.nan))

    def request(
        self, method: str, path: Iterable[Any], data: Any = None, headers: Any = None
    ) -> Body | None:
        """Answer a request of SigOpt's client: ``POST``, ``["experiments", "1"]``, its data."""
        del headers
        places = places_of(path)
        (name, identity), above = places[-1], [n for n, _ in places[:-1]]
        given = plain_of(dict(data or {}))
        if method.upper() == "DELETE":
            return None
        if method.upper() == "POST":
            return self._post(name, identity, above, given)
        return self._get_or_update(name, identity, given)

    def _post(self, name: str, identity: str, above: list[str], given: Body) -> Body:
        if name in _EXPERIMENTS:
            return self._create(given)
        if name == "suggestions":
            return self._suggest()
        if name == "observations":
            for observation in given.get("observations") or [given]:
                self._observe(observation)
            return {**given, "id": _ONE}
        if name == "training_runs" and identity:  # runs of before, several at once
            return {**_EMPTY}
        if name == "training_runs":
            return self.begin(of_experiment=not set(above).isdisjoint(_EXPERIMENTS))
        if name == "checkpoints":
            self.checkpoint(named(given.get("values")))
        return {**given, "id": given.get("id") or _ONE}

    def _get_or_update(self, name: str, identity: str, given: Body) -> Body:
        if name == "tokens":
            return {"client": "0", "user": "0", "token": "", "development": False}
        if name in _EXPERIMENTS and identity:
            return self._experiment()
        if name == "training_runs" and identity:
            self._update(given)
            return self.run()
        if name == "stopping_criteria":
            return {"should_stop": False, "reasons": []}
        if identity:
            return {**given, "id": identity}
        return {**_EMPTY}

    def _update(self, given: Body) -> None:
        """Take in what a run is told: several things at once, each under its key."""
        self.assign(given.get("assignments") or {})
        self.log(named(given.get("values")))
        self.note(given.get("metadata") or {})

    def _create(self, given: Body) -> Body:
        """Take in an experiment. Its parameters have values, of which some may be made up here."""
        self.experiment = given
        record(experiment=given)
        if looked_at():
            lacks = [p for p in given.get("parameters") or () if p["name"] not in client.params]
            self.assignments |= {p["name"]: middle_of(p) for p in lacks}
            tasks = given.get("tasks") or []
            if tasks and client.task not in [t["name"] for t in tasks]:
                self.task = min(tasks, key=lambda t: float(t["cost"]))
        return self._experiment()

    def _experiment(self) -> Body:
        said = {k: v for k, v in self.experiment.items() if v is not None}
        budget = said.get("observation_budget") or said.get("budget") or 1
        done = budget if self._over else 0
        counts = dict.fromkeys(("active_run_count", "finished_run_count", "total_run_count"), 0)
        progress = {
            **counts, "observation_count": done, "observation_budget_consumed": done,
            "remaining_budget": budget - done,
        }  # fmt: skip
        usual = {
            "name": "study", "project": "study", "client": "0", "state": "active",
            "type": "offline", "metrics": goals(), "parameters": [], "metadata": {},
        }  # fmt: skip
        known = {"id": _ONE, "budget": budget, "observation_budget": budget, "progress": progress}
        return {**usual, **said, **known}

    def _suggest(self) -> Body:
        self.turn.take()
        self._suggested = True
        active = active_of(self.assignments, self.experiment.get("parameters") or ())
        return {
            "id": _ONE, "experiment": _ONE, "assignments": active, "task": self.task,
            "state": "open", "metadata": {}, "created": 0,
        }  # fmt: skip

    def _observe(self, given: Body) -> None:
        """Take in an observation, and end the script; those of other configurations are left."""
        if not self._suggested and not given.get("suggestion") and given.get("assignments"):
            record(start=given["assignments"])
            return
        self._over = True
        self.note(given.get("metadata") or {})
        if given.get("failed"):
            self.fail()
        self.log(named(given.get("values"), self._only()))
        if given.get("value") is not None:
            self.log({self._only(): given["value"]})
        self._finish()

    def _only(self) -> str:
        """Return the name of the metric that the script gives none: the first one."""
        named = [
            m if isinstance(m, str) else m.get("name") for m in self.experiment.get("metrics") or ()
        ]
        return str(next(filter(None, [*named, *(g["name"] for g in goals())]), "value"))
