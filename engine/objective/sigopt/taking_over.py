"""Putting the service of one trial in the place of SigOpt's, behind its client or without one."""

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

from hpo_tui.engine.objective.sigopt import package
from hpo_tui.engine.objective.sigopt.service import Service

_get = object.__getattribute__


def take_over(service: Service) -> None:
    """Have ``sigopt`` speak to the service; a package of our own is it where there is none."""
    try:
        _behind_the_client(service)
    except Exception:  # noqa: BLE001 - it is not there, has other parts, or lacks what it needs
        for name in [n for n in sys.modules if n.partition(".")[0] == "sigopt"]:
            del sys.modules[name]
        sys.modules.update(package.modules(service))


def _behind_the_client(service: Service) -> None:
    """Take SigOpt's own client as it is, with another driver, and a run in the place of none.

    Raises ImportError or AttributeError for a client in which that has no place.
    """
    sigopt = import_module("sigopt")
    interface = import_module("sigopt.interface")
    contexts: Any = import_module("sigopt.run_context")
    objects = import_module("sigopt.objects")
    drivers, context = interface.driver_map, contexts.RunContext
    contexts.sanitize_number = _letting_through(contexts.sanitize_number)
    _replace_run(context, service)
    _replace_params(import_module("sigopt.run_params").RunParameters, service)
    for name in list(drivers):
        drivers[name] = lambda *_, **__: Driver(service)
    run = context(interface.Connection(), objects.TrainingRun(service.run()))
    contexts.global_run_context.set_run_context(run)
    _add_old_names(sigopt, service)


def _letting_through(check: Callable[..., Any]) -> Callable[..., Any]:
    """Return the client's check of a number, which takes what is none: the trial has diverged.

    The client would raise an error, and a script that has an error teaches the search nothing.
    """

    def checked(what: str, name: str, value: Any) -> Any:
        with suppress(ValueError):
            return check(what, name, value)
        return float(value)

    return checked


class Driver:
    """What SigOpt's client speaks to. Everything else that it is told is of no account."""

    def __init__(self, service: Service) -> None:
        self.request = service.request

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def _replace_run(context: type, service: Service) -> None:
    """Have a run end as the trial does, and upload nothing."""

    def end(run: Any, exception: BaseException | None = None) -> None:
        if exception is None:
            service.end(of_experiment=run.experiment is not None)

    parts: dict[str, object] = {
        "_end": end,
        "_log_failure": lambda _: service.fail(),
        "_log_image": lambda *_, **__: None,
        "task": property(lambda _: SimpleNamespace(**service.task)),
    }
    for name, part in parts.items():
        setattr(context, name, part)


def _replace_params(params: Any, service: Service) -> None:
    """Have what the study decides stay so, also where the script sets it, as a plain run may."""
    set_one, update = params.__setitem__, params.update

    def keep(held: Any, key: str, value: Any) -> None:
        if key not in service.fixed:
            set_one(held, key, value)

    def keep_all(held: Any, *given: Any, **more: Any) -> None:
        said = dict(*given, **more)
        update(held, {k: v for k, v in said.items() if k not in service.fixed})

    params.__setitem__, params.update = keep, keep_all


def _add_old_names(sigopt: ModuleType, service: Service) -> None:
    """Add what scripts of earlier versions ask for."""
    for name, function in package.old_names(service).items():
        if not hasattr(sigopt, name):
            setattr(sigopt, name, function)
