"""Make a study that looks like a real one, of any size, without training anything.

    python benchmarks/make_study.py FOLDER [--trials 100000] [--hostile] [--seed 0]

Twelve parameters (one conditional), two objectives with thresholds, a constraint, three tasks with
checkpoints. A configuration starts at the cheapest task; the better a third, the dearer the tasks
that it is promoted to. With ``--hostile`` names and choices hold escape sequences, markup, wide,
combining and right-to-left characters: whatever shows them has to keep its layout.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Report, StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter

TEXT = """\
[study]
name = "{study}"
command = "python train.py --config {{params_file}}"
budget = {budget}
resume = true

[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[space.weight_decay]
type = "float"
low = 1e-6
high = 1e-2
log = true

[space."{optimizer}"]
type = "categorical"
choices = {choices}

[space.momentum]
type = "float"
low = 0.0
high = 0.99
when = {{ "{optimizer}" = [{first}] }}

[space.batch]
type = "ordinal"
choices = [32, 64, 128, 256]

[space.depth]
type = "int"
low = 2
high = 12

[space.width]
type = "int"
low = 16
high = 1024
log = true

[space.dropout]
type = "float"
low = 0.0
high = 0.7

[space."{k1}"]
type = "float"
low = 0.01
high = 0.5

[space.k2]
type = "float"
low = 0.01
high = 0.5

[space.augment]
type = "categorical"
choices = [true, false]

[space.smoothing]
type = "float"
low = 0.0
high = 0.3

[[objective]]
metric = "{accuracy}"
direction = "maximize"
threshold = 0.94

[[objective]]
metric = "nonzero_weights"
direction = "minimize"
threshold = 40000
log = true

[[constraint]]
metric = "latency_ms"
max = 8

[[task]]
name = "{task}"
epochs = 15
cost = 0.25
[[task]]
name = "30 epochs"
epochs = 30
cost = 0.5
[[task]]
name = "60 epochs"
epochs = 60
cost = 1.0
"""

PLAIN = {
    "study": "sparse-speech", "optimizer": "optimizer", "k1": "k1", "accuracy": "accuracy",
    "task": "15 epochs", "choices": '["sgd", "adam", "lion"]', "first": '"sgd"',
}  # fmt: skip
HOSTILE = {
    "study": "[red]hostile",
    "optimizer": "opt[bold]זוהר",
    "k1": "学習率学習率学習率学習率学習率学習率",
    "accuracy": "acc\\u0301u\\u0301\\u0301ra [link=file:x]cy",
    "task": "[/]fifteen 十五",
    "choices": '["sgd[/]", "\\u001b[2Jadam", "אריה\\u202e🦁"]',
    "first": '"sgd[/]"',
}
REPORTED = "\x1b]0;owned\x07\x1b[31mloss\n[blink]"
"""A metric's name as a script may report it: no study file would be taken with it."""
STEPS = 15
CURVES = 1500
"""Trials, the last ones, that have learning curves."""


class Maker:
    """Draws trials of one study, in the order in which they would have been run."""

    def __init__(self, spec: StudySpec, seed: int, hostile: bool = False) -> None:
        self.hostile = hostile
        self.spec = spec
        self.rng = np.random.default_rng(seed)
        self.names = [p.name for p in spec.space]
        self.metrics = spec.metric_names
        self.choices = spec.space[2].choices

    def configuration(self, age: float) -> dict[str, float | int | str | bool]:
        """Return parameters; the older the study, the more of them near what is good."""
        rng = self.rng
        tight = rng.random() < 0.8 * age
        lr = rng.normal(-2.2, 0.3) if tight else rng.uniform(-4, -1)
        k1 = rng.normal(0.1, 0.05) if tight else rng.uniform(0.01, 0.5)
        choice = int(rng.integers(3))
        values: list[float | int | str | bool | None] = [
            float(10 ** np.clip(lr, -4, -1)),
            float(10 ** rng.uniform(-6, -2)),
            self.choices[choice],
            float(rng.uniform(0, 0.99)) if choice == 0 else None,
            int(rng.choice([32, 64, 128, 256])),
            int(rng.integers(2, 13)),
            int(2 ** rng.uniform(4, 10)),
            float(rng.uniform(0, 0.7)),
            float(np.clip(k1, 0.01, 0.5)),
            float(rng.uniform(0.01, 0.5)),
            bool(rng.integers(2)),
            float(rng.uniform(0, 0.3)),
        ]
        named = zip(self.names, values, strict=True)
        return {n: v for n, v in named if v is not None}

    def results(self, params: dict[str, float | int | str | bool], task: int) -> dict[str, float]:
        """Return the metrics of a configuration at task 0, 1 or 2."""
        value = dict(zip(self.names, (params.get(n, 0.0) for n in self.names), strict=True))
        lr, _, optimizer, _, _, depth, width, dropout, k1, k2, _, _ = value.values()
        quality = -0.02 * (np.log10(float(lr)) + 2.2) ** 2 - 0.05 * (float(dropout) - 0.25) ** 2
        quality += 0.01 * (optimizer == self.choices[1]) + 0.001 * float(depth)
        quality += 0.004 * np.log2(float(width) / 16) - 0.4 * max(0.12 - float(k1), 0)
        accuracy = 0.94 + quality - (0.05, 0.02, 0.0)[task] + self.rng.normal(0, 0.004)
        weights = np.log(float(width)) * 1.1 + np.log(float(depth)) * 0.7
        weights += 0.9 * np.log(float(k1)) + 0.5 * np.log(float(k2)) + 7.0
        latency = 1 + float(width) / 150 + float(depth) / 4 + self.rng.normal(0, 0.2)
        values = (accuracy, np.exp(weights + self.rng.normal(0, 0.05)), max(latency, 0.1))
        found = dict(zip(self.metrics, map(float, values), strict=True))
        return found | ({REPORTED: float(accuracy)} if self.hostile else {})

    def trials(self, count: int, live: bool) -> Iterator[Trial]:
        """Yield ``count`` trials; the last two run when ``live``."""
        tasks = self.spec.tasks_by_cost
        now = time.time() - 30.0 * count
        promoted: list[tuple[Trial, int]] = []
        configuration = 0
        for number in range(1, count + 1):
            if promoted and self.rng.random() < 0.45:
                parent, task = promoted.pop(0)
                params, origin = dict(parent.params), parent.configuration
            else:
                configuration += 1
                parent, task, origin = None, 0, configuration
                params = self.configuration(number / count)
            cost = tasks[task].cost - (tasks[task - 1].cost if parent else 0.0)
            running = live and number > count - 2
            state = TrialState.RUNNING if running else self._state()
            metrics = self.results(params, task)
            seconds = 600 * cost * float(self.rng.lognormal(0, 0.2))
            now += 30.0
            trial = Trial(
                number=number, configuration=origin, task=tasks[task].name, state=state, cost=cost,
                params=params, metrics=metrics if state is TrialState.COMPLETE else {},
                charged=cost * (0.4 if running else 1.0),
                resumed_from=parent.number if parent else None,
                created=now, started=now, ended=None if running else now + seconds,
                duration=None if running else seconds, device=f"GPU{number % 2}",
                peak_memory=int(self.rng.integers(2**31, 2**34)), step=STEPS * (task + 1),
                exit_code=None if running else int(state is TrialState.FAILED),
                reason="out of memory" if state is TrialState.FAILED else "",
            )  # fmt: skip
            good = metrics[self.metrics[0]] > 0.85
            if state is TrialState.COMPLETE and task < 2 and good and self.rng.random() < 0.6:
                promoted.append((trial, task + 1))
            yield trial

    def _state(self) -> TrialState:
        luck = self.rng.random()
        if luck < 0.02:
            return TrialState.FAILED
        return TrialState.PRUNED if luck < 0.06 else TrialState.COMPLETE

    def reports(self, trial: Trial) -> list[Report]:
        """Return a learning curve that ends at the trial's metrics."""
        made = []
        for step in range(1, STEPS + 1):
            left = float(np.exp(-3.5 * step / STEPS))
            noise = float(self.rng.normal(0, 0.004)) * left
            values = {self.metrics[0]: trial.metrics[self.metrics[0]] * (1 - 0.6 * left) + noise}
            values[self.metrics[1]] = trial.metrics[self.metrics[1]] * (1 + 2 * left)
            values[self.metrics[2]] = trial.metrics[self.metrics[2]]
            made.append(Report(trial.number, step, step, values))
        return made


def text_of(hostile: bool, budget: float) -> str:
    """Return the study file."""
    return TEXT.format(**(HOSTILE if hostile else PLAIN), budget=round(budget, 1))


def make(
    folder: Path, trials: int, *, seed: int = 0, hostile: bool = False, live: bool = False
) -> StudyFolder:
    """Make a study of ``trials`` in ``folder`` and return it. ``live``: two trials still run."""
    text = text_of(hostile, max(1.0, trials * 0.5))
    spec = StudySpec.from_text(text)
    study = StudyFolder(folder)
    study.trials.mkdir(parents=True, exist_ok=True)
    study.file.write_text(text)
    writer = StudyWriter(study.db)
    try:
        writer.create_study(spec.name, text, seed)
        writer.declare([p.name for p in spec.space], spec.metric_names)
        maker = Maker(spec, seed, hostile)
        made = list(maker.trials(trials, live))
        writer.add_trials(made)
        curves = [t for t in made[-CURVES:] if t.state is TrialState.COMPLETE]
        writer.add_reports([r for t in curves for r in maker.reports(t)])
        state = StudyState.RUNNING if live else StudyState.FINISHED
        writer.update_study(state=state, started=made[0].created if made else time.time())
        writer.add_event("made", f"{trials} trials were drawn, none was run")
    finally:
        writer.close()
    return study


def main() -> None:
    """Read the command line and make the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hostile", action="store_true", help="names that try to break the screen")
    parser.add_argument("--live", action="store_true", help="leave two trials running")
    args = parser.parse_args()
    study = make(args.folder, args.trials, seed=args.seed, hostile=args.hostile, live=args.live)
    print(f"{args.trials} trials in {study.path}")


if __name__ == "__main__":
    main()
