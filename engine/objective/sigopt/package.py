"""A package ``sigopt`` for scripts that import it where it is not installed.

It has the functions, classes and methods that scripts use for one run, over the service of one
trial.
"""

import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.sigopt.service import Service

_VERBS = {
    "create": "POST",
    "create_batch": "POST",
    "fetch": "GET",
    "update": "PUT",
    "delete": "DELETE",
}
_NOTHING = (
    "archive_aiexperiment", "archive_experiment", "archive_run", "unarchive_aiexperiment",
    "unarchive_experiment", "unarchive_run", "set_project", "create_project", "upload_runs",
    "load_ipython_extension",
)  # fmt: skip
"""Functions of the package that have no part in a single trial."""


class SigOptException(Exception):  # noqa: N818 - the name that scripts know it by
    """What scripts catch of SigOpt's errors, by several names; none is ever raised here."""


_ERRORS = ("SigOptException", "ApiException", "ConnectionException", "RunException")


class Body(dict[str, Any]):
    """A thing of the service, whose keys are attributes too; one that it lacks is None."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return dict(self)

    def iterate_pages(self) -> Iterator[Any]:
        """Yield the entries of a list."""
        yield from self.get("data") or ()


def body_of(value: Any) -> Any:
    """Return an answer of the service as things with attributes."""
    if isinstance(value, Mapping):
        return Body({k: body_of(v) for k, v in value.items()})
    return [body_of(v) for v in value] if isinstance(value, list) else value


class Resource:
    """A place in the service: ``connection.experiments(1).suggestions()``."""

    def __init__(self, service: Service, path: tuple[Any, ...] = ()) -> None:
        self._service, self._path = service, path

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _VERBS:
            return lambda **data: body_of(self._service.request(_VERBS[name], self._path, data))
        return lambda *identity: Resource(self._service, (*self._path, name, *identity))


class Params(dict[str, Any]):
    """The parameters of a run; what the study decides stays so."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.fixed)
        self.__dict__["_service"] = service

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no parameter with name {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, *given: Any, **more: Any) -> None:
        """Set parameters that the study does not decide."""
        said = {k: v for k, v in dict(*given, **more).items() if k not in self._service.fixed}
        super().update(said)
        self._service.assign(said)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a parameter, set to a default where it has no value yet."""
        return self.setdefaults({name: default})[name]

    def setdefaults(self, *given: Any, **more: Any) -> "Params":
        """Set those that have no value yet."""
        self.update({k: v for k, v in dict(*given, **more).items() if k not in self})
        return self


class Run:
    """A run: the trial. ``experiment``: that of which it is one."""

    def __init__(self, service: Service, experiment: "Experiment | None" = None) -> None:
        self._service, self.experiment = service, experiment
        self.params = Params(service)
        self.id = str(client.number)

    @property
    def task(self) -> Body:
        """The task that the trial is of."""
        return Body(self._service.task)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.end(error)

    def end(self, exception: BaseException | None = None) -> None:
        """End the run; one that is raised through it has the script end by itself."""
        if exception is None:
            self._service.end(of_experiment=self.experiment is not None)

    def log_metric(self, name: str, value: Any, stddev: Any = None) -> None:
        """Take in a metric of the result."""
        del stddev
        self._service.log({name: value})

    def log_metrics(self, *given: Any, **more: Any) -> None:
        """Take in several."""
        self._service.log(dict(*given, **more))

    def log_checkpoint(self, values: Mapping[str, Any]) -> None:
        """Take in the metrics of a step."""
        self._service.checkpoint(values)

    def log_metadata(self, key: str, value: Any) -> None:
        """Take in metadata."""
        self._service.note({key: value})

    def log_failure(self) -> None:
        """Take in that the parameters make no run."""
        self._service.fail()

    def log_dataset(self, *_: Any, **__: Any) -> None:
        """Take nothing: a study keeps no names of data."""

    def set_parameter(self, name: str, value: Any) -> None:
        """Set a parameter that the study does not decide."""
        self.params.update({name: value})

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Set several."""
        self.params.update(values)

    log_model = log_image = log_source_code = set_logs = log_dataset


class Experiment:
    """An experiment, of which the trial is the one run."""

    def __init__(self, service: Service, said: Mapping[str, Any]) -> None:
        self._service, self._said = service, Body(said)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._said, name)

    def create_run(self, name: str | None = None, metadata: Any = None) -> Run:
        """Return the trial; a second one ends the script."""
        del name, metadata
        self._service.begin(of_experiment=True)
        return Run(self._service, self)

    def loop(self, name: str | None = None) -> Iterator[Run]:
        """Yield the trial, in whose end the script ends."""
        while not self.is_finished():
            yield self.create_run(name)

    def is_finished(self) -> bool:
        """Whether the trial is over."""
        return not Resource(self._service).aiexperiments("1").fetch().progress.remaining_budget

    def refresh(self) -> None:
        """Take in what has become of it: nothing."""

    update = archive = refresh

    def get_runs(self) -> Iterator[Run]:
        """Yield nothing: the study's other trials are not those of the script."""
        yield from ()

    get_best_runs = get_runs


def modules(service: Service) -> dict[str, ModuleType]:
    """Return the package and the module of its errors, by name."""
    errors = ModuleType("sigopt.exception", "The errors of a stand-in for SigOpt's client.")
    for name in _ERRORS:
        setattr(errors, name, SigOptException)
    return {"sigopt": _package(service), "sigopt.exception": errors}


def _package(service: Service) -> ModuleType:
    """Return the package, whose functions are those of the trial's run."""
    made = ModuleType("sigopt", "A stand-in for SigOpt's client in a trial.")
    run = Run(service)

    def create_experiment(**said: Any) -> Experiment:
        return Experiment(service, body_of(service.request("POST", ["aiexperiments"], said)))

    def get_experiment(identity: Any) -> Experiment:
        return Experiment(service, body_of(service.request("GET", ["aiexperiments", identity])))

    def create_run(name: str | None = None, metadata: Any = None) -> Run:
        del name, metadata
        service.begin(of_experiment=False)
        return Run(service)

    names: dict[str, Any] = dict.fromkeys(_NOTHING, lambda *_, **__: None)
    names |= {name: getattr(run, name) for name in dir(run) if name.startswith(("log_", "set_"))}
    names |= {
        "params": run.params, "create_run": create_run, "get_run_id": lambda: run.id,
        "create_experiment": create_experiment, "create_aiexperiment": create_experiment,
        "get_experiment": get_experiment, "get_aiexperiment": get_experiment,
        "Connection": lambda *_, **__: _connection(service),
        "SigOptException": SigOptException, "VERSION": "0", "__path__": [],
    }  # fmt: skip
    for name, part in {**names, **old_names(service)}.items():
        setattr(made, name, part)
    return made


def _connection(service: Service) -> Any:
    """Return a connection, of which only its places in the service matter."""
    made = Resource(service)
    for name in ("set_api_url", "set_client_token", "set_proxies", "set_timeout",
                 "set_verify_ssl_certs"):  # fmt: skip
        made.__dict__[name] = lambda *_: None
    return made


def old_names(service: Service) -> dict[str, Callable[..., Any]]:
    """Return the functions by which scripts of early versions ask for their configuration."""

    def get_parameter(name: str, default: Any = None) -> Any:
        if default is not None:
            service.assign({name: default})
        with suppress(KeyError):
            return service.fixed[name]
        if default is None:
            raise KeyError(f"no parameter with name {name!r}")
        return default

    return {
        "get_parameter": get_parameter,
        "get_task": lambda: types.SimpleNamespace(**service.task),
    }
