"""A ``param_space`` of Ray Tune's: what it searches, and the configuration of one trial of it.

Ray's classes are told by their names, so that nothing of Ray is imported here.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

Described = dict[str, Any]
"""What is searched, or constant, as JSON: ``name``, ``is``, and what that kind has."""
_DOMAINS = ("Float", "Integer", "Categorical", "Function")
_PLAIN = (bool, int, float, str)
_LONGEST = 60
"""Characters of a choice that is called as it reads."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Something in a ``param_space`` that is no table: where it stands, and what it is."""

    path: tuple[str | int, ...]
    value: Any

    @property
    def name(self) -> str:
        """Its name in a study: ``model.lr`` of ``{"model": {"lr": …}}``."""
        return ".".join(map(str, self.path))


def kind_of(value: Any) -> str:
    """Return which of Ray's domains a value is, ``grid`` for a grid search; "" for a constant."""
    if isinstance(value, Mapping) and [*value] == ["grid_search"]:
        return "grid"
    names = [cls.__name__ for cls in type(value).__mro__]
    found = next((n for n in names if n in _DOMAINS), "") if "Domain" in names else ""
    return found.lower()


def leaves_of(space: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Yield what a ``param_space`` holds; a list is a constant where nothing in it is searched."""
    if kind_of(space):
        yield Leaf(path, space)
    elif isinstance(space, Mapping) and (space or not path):
        for key, value in space.items():
            yield from leaves_of(value, (*path, key))
    elif isinstance(space, list | tuple):
        inside = [leaf for n, v in enumerate(space) for leaf in leaves_of(v, (*path, n))]
        if any(kind_of(leaf.value) for leaf in inside):
            yield from inside
        else:
            yield Leaf(path, space)
    else:
        yield Leaf(path, space)


def choices_of(values: Sequence[Any]) -> list[Any]:
    """Return values as a study can have them, each unlike the others.

    What is no number, text or truth value is called by its name, or as it reads.
    """
    found: list[Any] = []
    for n, value in enumerate(values):
        said = _called(value)
        if said is None or any(type(o) is type(said) and o == said for o in found):
            said = f"choice {n}" if said is None else f"{said} ({n})"
        found.append(said)
    return found


def _called(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    name = getattr(value, "__name__", "")
    if name and "<" not in name:
        return name
    text = str(value)
    return text if len(text) <= _LONGEST and " at 0x" not in text else None


def described(leaf: Leaf) -> Described | None:
    """Return what a leaf searches, or the constant that it is; None for what is neither."""
    kind, value = kind_of(leaf.value), leaf.value
    found: Described = {"name": leaf.name}
    if kind == "grid":
        return found | {"is": "choice", "choices": choices_of(value["grid_search"]), "grid": True}
    if kind == "categorical":
        inside = any(kind_of(v) or _holds_domain(v) for v in value.categories)
        return found | {"is": "choice", "choices": choices_of(value.categories), "nested": inside}
    if kind == "function":
        return found | {"is": "function"}
    if kind in ("float", "integer"):
        return found | _ranged(value, kind)
    if isinstance(value, _PLAIN):
        return found | {"is": "constant", "value": value}
    return None


def _holds_domain(value: Any) -> bool:
    return isinstance(value, Mapping) and any(kind_of(leaf.value) for leaf in leaves_of(value))


def _sampled(domain: Any) -> tuple[str, Any, float | None]:
    """Return how a domain is sampled: ``_Uniform``, ``_LogUniform`` or ``_Normal``, and its q."""
    sampler, q = domain.get_sampler(), None
    if type(sampler).__name__ == "Quantized":
        sampler, q = sampler.sampler, sampler.q
    return type(sampler).__name__, sampler, q


def _ranged(domain: Any, kind: str) -> Described:
    how, sampler, q = _sampled(domain)
    if how == "_Normal":
        return {"is": "normal", "mean": float(sampler.mean), "sd": float(sampler.sd), "q": q}
    whole = kind == "integer"
    cast = int if whole else float
    return {
        "is": "int" if whole else "float", "low": cast(domain.lower), "high": cast(domain.upper),
        "log": how == "_LogUniform", "q": q,
    }  # fmt: skip


def fitted(leaf: Leaf, value: Any) -> Any:
    """Return a value of the study as the script's own: its choice, a multiple of its q.

    Raises SystemExit, in a sentence, for what is none of the choices. A number outside the script's
    range is left as it is: the range is the study file's affair.
    """
    kind = kind_of(leaf.value)
    if kind in ("grid", "categorical"):
        values = leaf.value["grid_search"] if kind == "grid" else leaf.value.categories
        return _chosen(leaf.name, values, value)
    if kind not in ("float", "integer"):
        return value
    _, _, q = _sampled(leaf.value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise SystemExit(f"{leaf.name} = {value!r}: the script asks for a number") from None
    if q:
        number = float(f"{round(number / q) * q:.12g}")
    return round(number) if kind == "integer" else number


def _chosen(name: str, values: Sequence[Any], value: Any) -> Any:
    called = choices_of(values)
    for said, own in zip(called, values, strict=True):
        if isinstance(said, bool) == isinstance(value, bool) and said == value:
            return own
    known = ", ".join(map(repr, called))
    raise SystemExit(f"{name} = {value!r} is none of the script's choices: {known}")


def middle_of(leaf: Leaf) -> Any:
    """Return a value that shows much of the script: the first choice, the middle of a range."""
    said = described(leaf) or {}
    if said.get("is") == "choice":
        return said["choices"][0]
    if said.get("is") == "normal":
        return said["mean"]
    low, high = said["low"], said["high"]
    high -= said["is"] == "int" and high > low
    middle = math.sqrt(low * high) if said["log"] else (low + high) / 2
    return int(middle) if said["is"] == "int" else middle


def config_of(
    space: Mapping[str, Any], params: Mapping[str, Any], *, more: Sequence[Leaf] = (),
    made_up: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Return the configuration of a trial: the script's own table, with the study's values in it.

    ``more``: what a scheduler mutates, which need not stand in the space; ``made_up``: what the
    study lacks gets the middle of its range. Raises SystemExit, in a sentence, where it is lacking
    otherwise.
    """
    config: Any = _without_domains(space)
    late: list[Leaf] = []
    known = [*leaves_of(space), *more]
    for leaf in known:
        kind = kind_of(leaf.value)
        if leaf.name in params:
            _put(config, leaf.path, fitted(leaf, params[leaf.name]))
        elif kind == "function":
            late.append(leaf)
        elif kind and made_up:
            _put(config, leaf.path, fitted(leaf, middle_of(leaf)))
        elif kind and leaf not in more:
            raise SystemExit(_lacking(leaf))
    names = {leaf.name for leaf in known}
    for name in (n for n in params if n not in names):  # what only the study has
        _put(config, name.split("."), params[name])
    for leaf in late:
        _put(config, leaf.path, _computed(leaf.value, config))
    return dict(config)


def _without_domains(space: Any) -> Any:
    """Return a table of its own to fill in, with None where something is searched."""
    if kind_of(space):
        return None
    if isinstance(space, Mapping):
        return {key: _without_domains(value) for key, value in space.items()}
    if isinstance(space, list | tuple):
        inside = [_without_domains(v) for v in space]
        same = all(a is b for a, b in zip(inside, space, strict=True))
        return space if same else inside
    return space


def _put(config: Any, path: Sequence[str | int], value: Any) -> None:
    for n, key in enumerate(path[:-1]):
        inside = config.get(key, {}) if isinstance(config, dict) else config[key]
        if not isinstance(inside, dict | list):  # no table: a name with a dot of its own
            config[".".join(map(str, path[n:]))] = value
            return
        if isinstance(config, dict):
            config[key] = inside
        config = inside
    config[path[-1]] = value


def _computed(domain: Any, config: dict[str, Any]) -> Any:
    """Return what ``sample_from`` computes: of the configuration, or of a spec with it inside."""
    if not getattr(domain, "pass_config", True):
        return domain.func()
    try:
        return domain.func(config)
    except (AttributeError, KeyError):
        return domain.func(SimpleNamespace(config=_Reached(config)))


class _Reached(dict[str, Any]):
    """A table whose entries are attributes too, as old scripts ask for them."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(name) from None
        return _Reached(value) if isinstance(value, dict) else value


def _lacking(leaf: Leaf) -> str:
    said = {k: v for k, v in (described(leaf) or {}).items() if k not in ("name", "nested", "grid")}
    what = ", ".join(f"{k} = {json.dumps(v)}" for k, v in said.items() if v not in (None, False))
    table = json.dumps(leaf.name, ensure_ascii=False)
    return f"the script searches {leaf.name}, which the study lacks: add [space.{table}] ({what})"
