"""The search space as a matrix: rows are configurations, columns the coordinates of ``axes``.

Inactive parameters sit at one fixed place that no value has, a category of their own where they are
one. Shapes: n configurations, d searched parameters.
"""

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.optimizer.encoding.axes import Grid, axis_of
from hpo_tui.engine.optimizer.encoding.columns import ABSENT, CATEGORY, NUMBER, OPTIONAL, Kinds
from hpo_tui.engine.optimizer.encoding.priors import log_prior, prior_quantile
from hpo_tui.engine.optimizer.encoding.sobol import sobol
from hpo_tui.engine.spec import Parameter, ParameterKind, Params, StudySpec, Value
from hpo_tui.engine.spec.space import active_order, compiled_constraints


class Space:
    """Encoding, decoding and sampling of configurations."""

    def __init__(self, spec: StudySpec) -> None:
        self.parameters = spec.space
        self.free = tuple(p for p in spec.space if p.kind is not ParameterKind.FIXED)
        self.axes = [axis_of(p) for p in self.free]
        self.d = len(self.free)
        self.names = [p.name for p in self.free]
        self._column = {p.name: j for j, p in enumerate(self.free)}
        self._order = [p for p in active_order(spec.space) if p.when]
        self._rest = np.array(
            [a.levels if a.categorical else ABSENT if p.when else 0.5
             for p, a in zip(self.free, self.axes, strict=True)]
        )  # fmt: skip
        """The coordinates of parameters that are not active, (d,)."""
        self._constraints = compiled_constraints(spec)
        # Thousands of rows are judged for one suggestion: by the values that count alone.
        named = {n for c in self._constraints for n in c.names}
        self._judged = tuple(p for p in spec.space if p.name in named)

    @cached_property
    def categorical(self) -> Mask:
        """Which columns are categories, (d,)."""
        return np.array([a.categorical for a in self.axes], dtype=bool)

    @cached_property
    def kinds(self) -> Kinds:
        """What kind of coordinate each column is, (d,)."""
        number = [OPTIONAL if p.when else NUMBER for p in self.free]
        return np.where(self.categorical, CATEGORY, np.array(number, dtype=np.intp))

    @cached_property
    def branches(self) -> bool:
        """Whether some configurations have parameters that others have not."""
        return any(p.when for p in self.free)

    @cached_property
    def size(self) -> float:
        """At most how many configurations there are; infinite where a parameter is continuous."""
        sizes = [
            a.levels or (1.0 if float(p.low) == float(p.high) else np.inf)
            for p, a in zip(self.free, self.axes, strict=True)
        ]
        return float(np.prod(sizes)) if sizes else 1.0

    @cached_property
    def has_priors(self) -> bool:
        """Whether the study file says where good values are believed to be."""
        return any(p.prior is not None for p in self.free)

    def active(self, x: Array) -> Mask:
        """Which parameters have a value, (n, d); ``x`` snapped but for inactive columns."""
        mask = np.ones(x.shape, dtype=bool)
        for name, on in self._conditional(x).items():
            if name in self._column:
                mask[:, self._column[name]] = on
        return mask

    def _conditional(self, x: Array) -> dict[str, Mask]:
        """Which rows each conditional parameter has a value in, (n,), fixed ones too."""
        states: dict[str, Mask] = {}
        for child in self._order:
            on = np.ones(len(x), dtype=bool)
            for parent, allowed in child.when.items():
                on &= self._has(parent, allowed, x) & states.get(parent, True)
            states[child.name] = on
        return states

    def _has(self, name: str, allowed: Sequence[Value], x: Array) -> Mask:
        """Whether the parameter has one of the ``allowed`` values where it is active, (n,)."""
        j = self._column.get(name)
        if j is None:
            value = next((p.value for p in self.parameters if p.name == name), None)
            return np.full(len(x), value in allowed)
        near = np.zeros(len(x), dtype=bool)
        for value in allowed:
            place = self.axes[j].coordinate(value)
            if place is not None:
                near |= np.abs(x[:, j] - place) < 1e-12
        return near

    def snap(self, x: Array) -> Array:
        """Return the configurations run at ``x``: on the grid, inactive columns at rest, (n, d)."""
        out = np.empty_like(x, dtype=float)
        for j, axis in enumerate(self.axes):
            out[:, j] = axis.snap(x[:, j])
        return np.where(self.active(out), out, self._rest) if self._order else out

    def filled(self, x: Array, rng: np.random.Generator) -> Array:
        """Return a copy of ``x`` where inactive columns have random values, ready to be changed."""
        out = np.array(x, dtype=float)
        if self._order:
            mask = self.active(out)
            fresh = self.from_uniform(rng.random(out.shape), snapped=False)
            out = np.where(mask, out, fresh)
        return out

    def from_uniform(self, u: Array, *, snapped: bool = True) -> Array:
        """Map points of the unit cube to configurations, (n, d); categories equally likely."""
        out = np.array(u, dtype=float)
        for j, (parameter, axis) in enumerate(zip(self.free, self.axes, strict=True)):
            if axis.categorical:
                out[:, j] = np.minimum(np.floor(out[:, j] * axis.levels), axis.levels - 1)
            elif parameter.prior is not None:
                out[:, j] = prior_quantile(parameter, axis, out[:, j])
        return self.snap(out) if snapped else out

    def sobol(self, n: int, seed: int) -> Array:
        """Return the first ``n`` scrambled Sobol points (Owen 1998), snapped, (n, d)."""
        if self.d == 0:
            return np.zeros((n, 0))
        power = max(int(np.ceil(np.log2(max(n, 1)))), 1)
        return self.from_uniform(sobol(self.d, power, seed)[:n])

    def everything(self, most: int = 4096) -> Array:
        """Return all configurations where there are at most ``most``, else none, (n, d)."""
        if self.size > most:
            return np.zeros((0, self.d))
        levels = [np.arange(max(a.levels, 1.0)) for a in self.axes]
        places = [
            a.at(k) if isinstance(a, Grid) else k for a, k in zip(self.axes, levels, strict=True)
        ]
        rows = np.array(list(itertools.product(*[p.tolist() for p in places])))
        rows = rows.reshape(-1, self.d)
        return np.unique(self.snap(rows), axis=0) if self.d else rows

    def uniform(self, n: int, rng: np.random.Generator, bound: float = 0.0) -> Array:
        """``n`` random configurations; each coordinate on its nearer end with chance ``bound``."""
        u = rng.random((n, self.d))
        if bound > 0:
            u = np.where(rng.random(u.shape) < bound, np.round(u), u)
        return self.from_uniform(u)

    def encode(self, params: Mapping[str, Value], *, outside: bool = False) -> Array | None:
        """Return the row of a configuration, (d,); None where a value is not of this space.

        A parameter that is active here and absent there takes its default, else does not fit.
        ``outside``: values beyond a range, or off its grid, have a place too.
        """
        row = np.array(self._rest)
        given = np.zeros(self.d, dtype=bool)
        for j, (parameter, axis) in enumerate(zip(self.free, self.axes, strict=True)):
            find = axis.beyond if outside else axis.coordinate
            value = params.get(parameter.name, parameter.default)
            place = None if value is None else find(value)
            if place is not None:
                row[j], given[j] = place, True
            elif parameter.name in params:
                return None
        for parameter in self.parameters:
            fixed = parameter.kind is ParameterKind.FIXED
            if fixed and params.get(parameter.name, parameter.value) != parameter.value:
                return None
        mask = self.active(row[None])[0]
        if np.any(mask & ~given):
            return None
        return np.where(mask, row, self._rest)

    def decode(self, x: Array) -> list[Params]:
        """Native configurations of snapped rows (n, d), in the order of the space."""
        return self._read(x, self.parameters)

    def _read(self, x: Array, parameters: Sequence[Parameter]) -> list[Params]:
        """Return what ``parameters`` have at snapped rows (n, d), in their order."""
        states, everywhere = self._conditional(x), np.ones(len(x), dtype=bool)
        out: list[Params] = [{} for _ in x]
        for parameter in parameters:
            j, on = self._column.get(parameter.name), states.get(parameter.name, everywhere)
            if j is not None:
                values = self.axes[j].values(np.where(on, x[:, j], 0.0))
                for params, value, has in zip(out, values, on.tolist(), strict=True):
                    if has:
                        params[parameter.name] = value
            elif parameter.value is not None:
                for params, has in zip(out, on.tolist(), strict=True):
                    if has:
                        params[parameter.name] = parameter.value
        return out

    def with_fixed(self, params: Mapping[str, Value]) -> Params:
        """Return a configuration with the fixed values that are active in it, in the order."""
        fixed = {p.name: p.value for p in self.parameters if p.kind is ParameterKind.FIXED}
        known = {**params, **{k: v for k, v in fixed.items() if v is not None}}
        for parameter in self._order:  # parents first: what hangs on an inactive one goes with it
            if parameter.name in fixed and not parameter.active(known):
                known.pop(parameter.name, None)
        return {p.name: known[p.name] for p in self.parameters if p.name in known}

    def allowed(self, x: Array) -> Mask:
        """Which snapped rows keep every constraint over the parameters, (n,)."""
        if not self._constraints:
            return np.ones(len(x), dtype=bool)
        keeps = [all(c.holds(p) for c in self._constraints) for p in self._read(x, self._judged)]
        return np.array(keeps, dtype=bool)

    def keeps(self, params: Mapping[str, Value]) -> bool:
        """Whether one configuration keeps every constraint over the parameters."""
        return all(c.holds(params) for c in self._constraints)

    def log_prior(self, x: Array) -> Array:
        """Log density of the priors of what is active at ``x``, (n,), at most 0."""
        total = np.zeros(len(x))
        on = self.active(x)
        for j, (parameter, axis) in enumerate(zip(self.free, self.axes, strict=True)):
            if parameter.prior is not None:
                total += np.where(on[:, j], log_prior(parameter, axis, x[:, j]), 0.0)
        return total


def feasible_random(
    space: Space, n: int, rng: np.random.Generator, bound: float = 0.0, tries: int = 40
) -> Array:
    """``n`` random configurations that keep the constraints, fewer where they are hard to find."""
    found = space.uniform(n, rng, bound)
    found = found[space.allowed(found)]
    for _ in range(tries):
        if len(found) >= n:
            break
        more = space.uniform(max(4 * n, 256), rng, bound)
        found = np.vstack([found, more[space.allowed(more)]])
    return found[:n]
