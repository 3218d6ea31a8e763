"""What of a search space is allowed and yet probably not meant."""

import random

from hpo_tui.engine.spec import ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plural, show
from hpo_tui.engine.spec.space import compiled_constraints, draw, value_count
from hpo_tui.engine.spec.values import in_order


def about_space(spec: StudySpec) -> list[str]:
    """Return what of the space is probably a mistake."""
    return [
        *_linear_ranges(spec),
        *_unordered_numbers(spec),
        *_small_space(spec),
        *_strict_constraints(spec),
    ]


def _linear_ranges(spec: StudySpec) -> list[str]:
    """Return which ranges over several powers of ten are not searched by their logarithm."""
    advice = []
    for parameter in spec.space:
        wide = parameter.numeric and parameter.low > 0 and parameter.high / parameter.low >= 1000
        if wide and not parameter.log:
            advice.append(
                f"{show(parameter.name)} goes over {parameter.high / parameter.low:.0f} times its "
                "least value: log = true gives every size an equal share"
            )
    return advice


def _unordered_numbers(spec: StudySpec) -> list[str]:
    """Return which categories are numbers in order, so that the search could use the order."""
    return [
        f'{show(p.name)} lists numbers in order: type = "ordinal" tells the search that neighbours '
        "are alike"
        for p in spec.free
        if p.kind is ParameterKind.CATEGORICAL and len(p.choices) > 2 and in_order(p.choices)
    ]


def _small_space(spec: StudySpec) -> list[str]:
    """Return that the space has few configurations, if it has."""
    count = 1.0
    for parameter in spec.free:
        count *= value_count(parameter)
    if count >= 50:
        return []
    how = "trying them all may be simpler" if count > 1 else "there is nothing to search"
    return [f"the space has {plural(count, 'configuration')}: {how}"]


def _strict_constraints(spec: StudySpec) -> list[str]:
    """Return that the constraints refuse nearly all random configurations, if they do."""
    rng, broken = random.Random(0), 0
    relations = compiled_constraints(spec)
    for _ in range(200 if relations else 0):
        drawn = {p.name: draw(p, rng) for p in spec.space}
        broken += not all(c.holds(drawn) for c in relations)
    if broken <= 190:
        return []
    return [f"the constraints refuse {broken / 2:.0f} % of random configurations"]
