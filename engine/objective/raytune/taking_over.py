"""Putting the trial in the place of Ray Tune, and of what of Ray would start a cluster."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from hpo_tui.engine.objective.raytune.kept import copied
from hpo_tui.engine.objective.raytune.session import Session
from hpo_tui.engine.objective.raytune.told import remember_given
from hpo_tui.engine.objective.raytune.tuner import Trial, experiments_of, run_of, tuner_of
from hpo_tui.engine.objective.recorded import record

_TASKS = (
    "the script starts tasks or actors of Ray's own (.remote()), which need a cluster: a trial"
    " starts none"
)
_MODULES = ("ray.tune", "ray.train", "ray.air", "ray.air.session")


class Held:
    """Stands for a reference to an object in Ray's store: it holds the object."""

    def __init__(self, value: Any) -> None:
        self.value = value


def take_over(session: Session) -> None:
    """Have Ray Tune run one trial, here. Raises ImportError where it is not installed."""
    ray: Any = import_module("ray")
    for name in _MODULES:
        with suppress(ImportError):  # one that this version has not
            import_module(name)
    trial = Trial(session)
    tune, train = sys.modules["ray.tune"], sys.modules.get("ray.train")
    schedulers = import_module("ray.tune.schedulers")
    remember_given([v for v in vars(schedulers).values() if isinstance(v, type)])
    ours: dict[str, Any] = {
        "Tuner": tuner_of(trial), "run": run_of(trial), "run_experiments": experiments_of(trial),
        "report": session.report, "get_checkpoint": _getting(session, tune),
        "get_context": lambda: Context(session), "register_trainable": _registering(trial),
    }  # fmt: skip
    homes = [tune, train, sys.modules.get("ray.air.session")]
    _replace(homes, ours)
    vars(tune)["checkpoint_dir"] = _checkpoint_dir(session)
    trainable: Any = getattr(tune, "Trainable", None)
    if trainable is not None:
        trainable._setup_logdir = _stay
    _without_cluster(ray)


def _replace(homes: list[Any], ours: Mapping[str, Any]) -> None:
    """Put our parts in the place of Ray's, in every module of Ray's that has them."""
    replaced = {
        id(theirs): part
        for home in homes
        for name, part in ours.items()
        if (theirs := getattr(home, name, None)) is not None
    }
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "ray" or module is None:
            continue
        for key, value in list(vars(module).items()):
            if id(value) in replaced:
                setattr(module, key, replaced[id(value)])


def _stay(trainable: Any) -> None:
    """Stand for what gives a class of Ray's a folder of its own: it is in the trial's already."""
    trainable._logdir = str(Path.cwd())


def _getting(session: Session, tune: Any) -> Callable[[], Any]:
    def get_checkpoint() -> Any:
        record(loads=True)
        return (
            None if session.kept is None else tune.Checkpoint.from_directory(str(session.kept.path))
        )

    return get_checkpoint


def _checkpoint_dir(session: Session) -> Any:
    """Return what stands for ``with tune.checkpoint_dir(step) as folder``, of early versions."""

    @contextmanager
    def checkpoint_dir(step: int = 0) -> Iterator[str]:
        del step
        with tempfile.TemporaryDirectory(prefix="hpo-checkpoint-") as held:
            yield held
            session.iteration += 1  # it is reported next
            session.keep(lambda folder: copied(held, folder))
            session.iteration -= 1

    return checkpoint_dir


def _registering(trial: Trial) -> Callable[..., None]:
    def register_trainable(name: str, trainable: Any, **_: Any) -> None:
        trial.named[name] = trainable

    return register_trainable


class Context:
    """Stands for the context of a trial, and for that of the one worker that it has."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_trial_name(self) -> str:
        """Return the trial's name."""
        return self._session.name

    get_trial_id = get_trial_name

    def get_trial_dir(self) -> str:
        """Return the folder of the trial's own files."""
        return str(self._session.folder)

    def get_experiment_name(self) -> str:
        """Return the study's name, which is that of its folder."""
        return Path(os.environ.get("HPO_STUDY", "study")).name

    def get_trial_resources(self) -> None:
        """Return nothing: the study hands out the GPUs."""

    get_storage = get_trial_resources

    def get_metadata(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def get_world_size(self) -> int:
        """Return one: the process of the trial."""
        return 1

    get_local_world_size = get_world_size

    def get_world_rank(self) -> int:
        """Return that of the only process."""
        return 0

    get_local_rank = get_node_rank = get_world_rank


def _without_cluster(ray: Any) -> None:
    """Have Ray start no cluster, and hold here what a script puts into its store."""
    get = ray.get
    gpus = [g for g in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if g.strip()]
    resources = {"CPU": float(os.cpu_count() or 1)} | ({"GPU": float(len(gpus))} if gpus else {})

    def got(refs: Any, **more: Any) -> Any:
        if isinstance(refs, Held):
            return refs.value
        if isinstance(refs, list | tuple) and any(isinstance(r, Held) for r in refs):
            return [got(ref) for ref in refs]
        return get(refs, **more)

    parts: dict[str, Any] = {
        "init": lambda *_, **__: _Connection(dashboard_url=None, address_info={}),
        "shutdown": lambda *_, **__: None, "put": lambda v, **_: Held(v),
        "get": got, "get_gpu_ids": lambda: list(range(len(gpus))),
        "cluster_resources": lambda: dict(resources),
        "available_resources": lambda: dict(resources),
    }  # fmt: skip
    for name, part in parts.items():
        setattr(ray, name, part)
    with suppress(ImportError):
        hook: Any = import_module("ray._private.auto_init_hook")
        hook.auto_init_ray = _refuse


class _Connection(SimpleNamespace):
    """What ``ray.init`` returns."""

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave: nothing was connected."""

    def disconnect(self) -> None:
        """Disconnect: nothing was connected."""


def _refuse() -> NoReturn:
    raise SystemExit(_TASKS)
