"""A module in Ray's place: a cluster of one process, which runs what is asked of it at once."""

import types
from collections.abc import Callable
from typing import Any


class FakeRayError(Exception):
    """Stands for ray.exceptions.RayError."""


class Method:
    """A method of an actor: called at once, its result handed over by ``get``."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call

    def remote(self, *args: Any) -> Any:
        return self.call(*args)


class Actor:
    """A handle as Ray gives it."""

    def __init__(self, made: Any) -> None:
        self._made, self.dead = made, False

    def __getattr__(self, name: str) -> Method:
        if self.dead:
            raise FakeRayError("the actor died")
        return Method(getattr(self._made, name))


def fake_ray() -> types.ModuleType:
    """Return the module: 4 CPUs, 2 GPUs. ``actors``: by name; ``taken``: what each asked for."""
    fake: Any = types.ModuleType("ray")
    actors: dict[str, Actor] = {}
    taken: list[dict[str, Any]] = []

    class Remote:
        def __init__(self, kind: type) -> None:
            self.kind = kind

        def options(self, **options: Any) -> "Remote":
            taken.append(options)
            self.name = options["name"]
            return self

        def remote(self) -> Actor:
            actors[self.name] = Actor(self.kind())
            return actors[self.name]

    def get_actor(name: str, namespace: str) -> Actor:
        if name not in actors:
            raise ValueError(name)
        return actors[name]

    def init(address: str, **options: Any) -> None:
        if address == "nowhere":
            raise ConnectionError("nobody answers")

    fake.init, fake.shutdown = init, lambda: None
    fake.remote, fake.get_actor = Remote, get_actor
    fake.get = lambda value, timeout=None: value
    fake.kill = lambda actor: setattr(actor, "dead", True)
    fake.cluster_resources = lambda: {"CPU": 4.0, "GPU": 2.0}
    fake.available_resources = fake.cluster_resources
    fake.util = types.SimpleNamespace(get_node_ip_address=lambda: "10.0.0.7")
    fake.exceptions = types.SimpleNamespace(RayError=FakeRayError, GetTimeoutError=TimeoutError)
    fake.actors, fake.taken = actors, taken
    made: types.ModuleType = fake
    return made
