"""Stands for Ray Tune in tests: that of its public interface which a trial does not replace."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .. import made  # noqa: TID252 - scripts know it as ray, tests by its place

TuneConfig = RunConfig = SimpleNamespace
Tuner, run, run_experiments = map(made, ("Tuner", "run", "run_experiments"))
report, get_checkpoint, get_context = map(made, ("report", "get_checkpoint", "get_context"))


class Domain:
    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    def get_sampler(self) -> Any:
        return self.sampler


class Float(Domain): ...


class Integer(Domain): ...


class Categorical(Domain): ...


class Function(Domain): ...


class _Uniform: ...


class _LogUniform: ...


class Quantized:
    def __init__(self, sampler: Any, q: float) -> None:
        self.sampler, self.q = sampler, q


def uniform(lower: float, upper: float) -> Float:
    return Float(lower=lower, upper=upper, sampler=_Uniform())


def quniform(lower: float, upper: float, q: float) -> Float:
    return Float(lower=lower, upper=upper, sampler=Quantized(_Uniform(), q))


def loguniform(lower: float, upper: float) -> Float:
    return Float(lower=lower, upper=upper, sampler=_LogUniform())


def randint(lower: int, upper: int) -> Integer:
    return Integer(lower=lower, upper=upper, sampler=_Uniform())


def choice(categories: Any) -> Categorical:
    return Categorical(categories=list(categories))


def sample_from(func: Any) -> Function:
    return Function(func=func, pass_config=True)


def grid_search(values: Any) -> dict[str, Any]:
    return {"grid_search": values}


class Checkpoint:
    def __init__(self, path: str) -> None:
        self.path = path

    from_directory = classmethod(lambda cls, path: cls(str(path)))

    @contextmanager
    def as_directory(self) -> Any:
        yield str(Path(self.path))


class Trainable:
    """Trains as Ray's class does."""

    def __init__(self, config: Any = None) -> None:
        self.config, self._iteration, self._time_total = config, 0, 0.0
        self._setup_logdir()
        self.setup(config)

    def _setup_logdir(self) -> None:
        raise AssertionError("a folder in the home would be made")

    def setup(self, config: Any) -> None: ...

    def save_checkpoint(self, checkpoint_dir: str) -> Any: ...

    def load_checkpoint(self, checkpoint: Any) -> None: ...

    def stop(self) -> None: ...

    def train(self) -> Any:
        result = self.step()  # type: ignore[attr-defined]
        self._iteration += 1
        return {**result, "training_iteration": self._iteration, "pid": 1, "done": False}
