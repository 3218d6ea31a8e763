"""A random optimizer with the real one's methods: starts in milliseconds, does what tests say."""

import json
import os
import random
from pathlib import Path
from typing import Any

from hpo_tui.engine.optimizer.api import BudgetSpent, StopDecision, Suggestion

__all__ = ["BudgetSpent", "Optimizer"]


class Optimizer:
    def __init__(self, spec: Any, seed: int, state: Any = None) -> None:
        self.spec, self.seed = spec, seed
        self.trials = {}
        self.asked = []
        self.extra = 0.0
        self.note("init", state is not None)

    def note(self, *what: Any) -> None:
        if os.environ.get("TINY_LOG"):
            with Path(os.environ["TINY_LOG"]).open("a") as file:
                file.write(json.dumps(what) + "\n")

    def restore(self, past: Any) -> None:
        for trial in past:
            self.trials[trial.number] = trial.charged
            if trial.state == "complete":
                self.note("known", trial.number, dict(trial.metrics))
        self.note("restored", sorted(self.trials))

    def ask(self, left: float | None = None) -> Any:
        del left
        number = max(self.trials, default=0) + 1
        if self.asked:
            params, task, resume, repeat = self.asked.pop(0)
        else:
            if "TINY_SLOW" in os.environ:
                import time

                time.sleep(float(os.environ["TINY_SLOW"]))
            rng = random.Random(f"{self.seed}:{number}")
            params = {p.name: self.value(p, rng) for p in self.spec.space}
            task, resume, repeat = self.spec.full_task.name, None, 0
        cost = self.spec.task(task).cost
        full = self.spec.budget.unit == "full"
        if full and sum(self.trials.values()) + cost > self.spec.budget.amount + self.extra + 1e-9:
            raise BudgetSpent("the budget is spent")
        self.trials[number] = cost
        self.note("asked", number)
        why = {"kind": "random", "text": "drawn at random"}
        return Suggestion(number, number, params, task, cost, resume, why, repeat)

    def withdraw(self, number: int) -> None:
        del self.trials[number]
        self.note("withdrawn", number)

    def value(self, parameter: Any, rng: Any) -> Any:
        if parameter.numeric:
            value = rng.uniform(parameter.low, parameter.high)
            return round(value) if parameter.kind == "int" else value
        return rng.choice(parameter.choices)

    def tell(self, number: int, metrics: Any, duration: Any = None) -> None:
        self.note("tell", number, metrics)

    def report(self, number: int, step: int | None, metrics: Any) -> None:
        self.note("report", number, step, metrics)
        self.last = metrics

    def should_stop(self, number: int) -> Any:
        limit = os.environ.get("TINY_STOP_BELOW")
        low = limit is not None and self.last.get("accuracy", 1.0) < float(limit)
        return StopDecision(low, "no hope", 0.01)

    def fail(self, number: int, reason: Any, charged: float | None = None) -> None:
        self.trials[number] = charged or 0.0
        self.note("fail", number, reason)

    def no_checkpoint(self, number: int) -> None:
        self.note("bare", number)

    def reprice(self, number: int, cost: float) -> None:
        self.trials[number] = cost
        self.note("reprice", number, cost)

    def drop(self, number: int, charged: float | None = None) -> None:
        self.trials[number] = charged or 0.0
        self.note("drop", number)

    def prune(self, number: int, metrics: Any, charged: float | None = None) -> None:
        self.trials[number] = charged or 0.0
        self.note("prune", number, metrics)

    def enqueue(
        self, params: Any, task: str | None = None, promote: Any = None, why: Any = ""
    ) -> None:
        filled = {
            p.name: params.get(p.name, self.value(p, random.Random(1))) for p in self.spec.space
        }
        self.asked.append((filled, task or self.spec.full_task.name, promote, 0))

    def confirm(self, number: int, repeats: Any) -> None:
        for repeat in range(1, repeats + 1):
            params = {p.name: self.value(p, random.Random(2)) for p in self.spec.space}
            self.asked.append((params, self.spec.full_task.name, None, repeat))

    def extend_budget(self, amount: Any) -> None:
        self.extra += amount

    def change_spec(self, spec: Any) -> None:
        self.spec = spec
        self.note("spec", {t.name: t.cost for t in spec.tasks})

    def slices(self) -> Any:
        return []

    def maps(self) -> Any:
        return iter(())

    def state(self) -> Any:
        return {"tiny": True}

    def eta(self, workers: Any) -> Any:
        return 1.0
