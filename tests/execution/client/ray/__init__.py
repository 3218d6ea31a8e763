"""Stands for Ray in tests: what would start a cluster raises, as nobody is to call it."""

from typing import Any


def made(name: str) -> Any:
    """Return a function that nobody is to call."""

    def called(*_: Any, **__: Any) -> Any:
        raise AssertionError(f"{name} would start a cluster")

    return called


init, put, get, shutdown = map(made, ("init", "put", "get", "shutdown"))
