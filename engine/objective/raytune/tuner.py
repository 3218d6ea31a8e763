"""What stands in the place of Ray Tune's functions while a script runs as one trial of a study.

Each takes what the function takes that it stands for, as far as scripts use it.
"""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.raytune.classes import train_class
from hpo_tui.engine.objective.raytune.session import ONLY, Session
from hpo_tui.engine.objective.raytune.space import config_of
from hpo_tui.engine.objective.raytune.told import mutated, told_of
from hpo_tui.engine.objective.recorded import looked_at, record

_NOTHING = "the trainable reported nothing: tune.report({{...}}), or return {{...}}, {}"
_NO_CLUSTER = (
    "{} runs in a Ray cluster, which a trial does not start: let the trainable train by itself, or"
    " write the command of the study by hand"
)


class Trial:
    """Runs the trainable of a script once. ``named``: those that it has registered."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.named: dict[str, Any] = {}

    def run(self, trainable: Any, space: Any, given: Mapping[str, Any]) -> NoReturn:
        """Run a trainable with the trial's configuration; end the script. Raises what it raises.

        ``space``: the script's ``param_space``; ``given``: the rest, by the names of ``tune.run``.
        """
        session = self.session
        session.turn.take()
        with session.turn.ends():
            trainable = self._found(trainable)
            space = dict(space or {})
            is_class = inspect.isclass(trainable)
            config = config_of(
                space, client.params, more=mutated(given.get("scheduler")), made_up=looked_at()
            )
            asked = given.get("resources_per_trial") or _asked(trainable, config)
            what = "class" if is_class else "function"
            given = {**given, "resources_per_trial": asked, "trainable": what}
            record(tune=told_of(space, given))
            session.stop = given.get("stop")
            self._move()
            session.begin()
            if is_class:
                train_class(session, trainable, config, given)
            else:
                self._call(trainable, config)
            record(ended=True)
            if not session.iteration:
                raise SystemExit(_NOTHING.format("tells Ray Tune of its metrics"))
            raise SystemExit(0)

    def _found(self, trainable: Any) -> Any:
        """Return what is trained. Raises SystemExit where that is nothing that runs here."""
        if isinstance(trainable, str):
            if trainable not in self.named:
                raise SystemExit(_NO_CLUSTER.format(f"the trainable {trainable!r} of Ray's own"))
            return self.named[trainable]
        if hasattr(trainable, "fit") and not callable(trainable):
            raise SystemExit(_NO_CLUSTER.format(f"{type(trainable).__name__} of Ray Train"))
        if not callable(trainable):
            raise SystemExit(f"{trainable!r} is no trainable: a function or a class is one")
        return trainable

    def _call(self, trainable: Callable[..., Any], config: dict[str, Any]) -> None:
        """Call a function, and report what it returns."""
        more: dict[str, Any] = {}
        with suppress(TypeError, ValueError):
            if "checkpoint_dir" in inspect.signature(trainable).parameters:  # as once was
                kept = self.session.kept
                more["checkpoint_dir"] = str(kept.path) if kept else None
                record(loads=True)
        found = trainable(config, **more)
        if isinstance(found, Mapping):
            self.session.tell(found)
        elif isinstance(found, int | float) or hasattr(found, "item"):
            self.session.tell({ONLY: found})

    def _move(self) -> None:
        """Go to a folder of the trial's own, as Ray has its trials do unless it is told not to."""
        os.environ.setdefault("TUNE_ORIG_WORKING_DIR", str(Path.cwd()))
        self.session.folder.mkdir(parents=True, exist_ok=True)
        if os.environ.get("RAY_CHDIR_TO_TRIAL_DIR", "1") not in ("0", "false", "False"):
            os.chdir(self.session.folder)


def _asked(trainable: Any, config: dict[str, Any]) -> Any:
    """Return the resources that a trainable says it needs."""
    asked = getattr(trainable, "_resources", None)
    with suppress(Exception):  # code of the script's that is made for a cluster
        if inspect.isclass(trainable):
            asked = trainable.default_resource_request(dict(config))  # type: ignore[attr-defined]
        elif callable(asked):
            asked = asked(dict(config))
    return asked


def tuner_of(trial: Trial) -> type:
    """Return the class that stands for ``tune.Tuner``."""

    class Tuner:
        """Stands for ``tune.Tuner``."""

        def __init__(
            self, trainable: Any = None, *, param_space: Any = None, tune_config: Any = None,
            run_config: Any = None, **_: Any,
        ) -> None:  # fmt: skip
            self._trainable, self._space = trainable, param_space
            self._given = {**_fields(run_config), **_fields(tune_config)}

        @classmethod
        def can_restore(cls, *_: Any, **__: Any) -> bool:
            """Return that there is nothing to restore: the study's trials are not the script's."""
            return False

        @classmethod
        def restore(cls, *_: Any, **__: Any) -> NoReturn:
            """Refuse. Raises SystemExit."""
            raise SystemExit(
                "Tuner.restore continues a search of Ray Tune's: let the script make a Tuner where"
                " Tuner.can_restore says that there is none to restore"
            )

        def fit(self) -> NoReturn:
            """Run the trial, and end the script."""
            trial.run(self._trainable, self._space, self._given)

        get_results = fit

    return Tuner


def _fields(config: Any) -> dict[str, Any]:
    """Return what a configuration of Ray's says, by the names of ``tune.run``."""
    found = {n: v for n, v in getattr(config, "__dict__", {}).items() if v is not None}
    saved = found.get("checkpoint_config")
    if saved is not None:
        found["checkpoint_freq"] = getattr(saved, "checkpoint_frequency", None)
    return found


def run_of(trial: Trial) -> Callable[..., NoReturn]:
    """Return the function that stands for ``tune.run``."""

    def run(run_or_experiment: Any = None, **given: Any) -> NoReturn:
        spec = getattr(run_or_experiment, "spec", None)
        if isinstance(spec, Mapping):  # an Experiment of Ray's
            named = {**spec, "name": getattr(run_or_experiment, "name", None)}
            given, run_or_experiment = {**given, **named}, spec.get("run")
        saved = given.get("checkpoint_config")
        if saved is not None:
            given["checkpoint_freq"] = getattr(saved, "checkpoint_frequency", None)
        trial.run(run_or_experiment, given.get("config"), given)

    return run


def experiments_of(trial: Trial) -> Callable[..., NoReturn]:
    """Return the function that stands for ``tune.run_experiments``: the first of them is run."""
    run = run_of(trial)

    def run_experiments(experiments: Any, **given: Any) -> NoReturn:
        first = experiments
        if isinstance(experiments, Mapping):
            name, said = next(iter(experiments.items()))
            first = SimpleNamespace(spec=said, name=name)
        elif isinstance(experiments, Sequence):
            first = experiments[0]
        run(first, **given)

    return run_experiments
