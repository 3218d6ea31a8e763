"""Score against cost as a small SVG: medians over seeds as steps, ours with the quartile band."""

import itertools
import math
from collections.abc import Callable, Sequence
from html import escape

from search_support.compare import Scored, median_at, quartiles

_W, _H, _LEFT, _TOP, _RIGHT, _BOTTOM = 560, 300, 52, 28, 118, 34
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#7f7f7f", "#b8860b", "#56b4e9")
Scale = Callable[[float], float]
_COSTS = [0.5 * i for i in range(2, 61)]


def chart(title: str, series: dict[str, Sequence[Scored]], *, single: bool) -> str:
    """Return an SVG; the first series is drawn bold, with its band. Regret has a log scale."""
    lines = {
        name: [median_at(runs, c, single=single) for c in _COSTS] for name, runs in series.items()
    }
    first = next(iter(series))
    band = [quartiles(series[first], c, single=single) for c in _COSTS]
    low, high = _range(lines, single=single)

    def y(score: float) -> float:
        value = min(max(score, low), high)
        part = (
            math.log(value / low) / math.log(high / low) if single else (value - low) / (high - low)
        )
        return _H - _BOTTOM - part * (_H - _TOP - _BOTTOM)

    def x(cost: float) -> float:
        return _LEFT + cost / 30.0 * (_W - _LEFT - _RIGHT)

    what = "regret (less is better)" if single else "share of the best hypervolume"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_W} {_H}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{_W}" height="{_H}" fill="white"/>',
        f'<text x="{_LEFT}" y="16" font-size="13">{escape(title)}: {what}</text>',
        *_axes(low, high, single=single, x=x, y=y),
    ]
    edge = [(x(c), y(b[1])) for c, b in zip(_COSTS, band, strict=True)]
    edge += [(x(c), y(b[0])) for c, b in reversed(list(zip(_COSTS, band, strict=True)))]
    parts.append(f'<polygon points="{_points(edge)}" fill="{_COLOURS[0]}" opacity="0.15"/>')
    ends = sorted((y(values[-1]), name) for name, values in lines.items())
    places = _spread([e for e, _ in ends])
    place = {name: p for (_, name), p in zip(ends, places, strict=True)}
    for i, (name, values) in enumerate(lines.items()):
        colour, width = _COLOURS[i % len(_COLOURS)], 2.5 if i == 0 else 1.2
        dots = [(x(c), y(v)) for c, v in zip(_COSTS, values, strict=True)]
        parts.append(
            f'<polyline points="{_points(dots)}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}"/>'
        )
        parts.append(
            f'<text x="{_W - _RIGHT + 6}" y="{place[name] + 4:.0f}" fill="{colour}">'
            f"{escape(name)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _range(lines: dict[str, list[float]], *, single: bool) -> tuple[float, float]:
    values = [v for line in lines.values() for v in line if math.isfinite(v)]
    if not single:
        return 0.0, max(0.05, *values) * 1.03
    positive = [v for v in values if v > 0.0]
    return max(1e-4, min(positive) * 0.8), min(1.5, max(positive) * 1.1)


def _axes(low: float, high: float, *, single: bool, x: Scale, y: Scale) -> list[str]:
    grid = [10.0**e * m for e in range(-4, 1) for m in (1, 3)] if single else _nice(high)
    parts = []
    for value in grid:
        if low <= value <= high:
            at = y(value)
            parts.append(
                f'<line x1="{_LEFT}" x2="{_W - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>'
            )
    parts += [
        f'<text x="{x(cost):.1f}" y="{_H - _BOTTOM + 14}" text-anchor="middle">{cost}</text>'
        for cost in range(0, 31, 5)
    ]
    parts.append(
        f'<text x="{(_LEFT + _W - _RIGHT) / 2:.0f}" y="{_H - 6}" text-anchor="middle">'
        "full-task units spent</text>"
    )
    return parts


def _nice(high: float) -> list[float]:
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if high / s <= 6 or s == 0.5)
    return [round(step * i, 3) for i in range(8)]


def _points(dots: Sequence[tuple[float, float]]) -> str:
    """Corners of a step line: a score holds until the next one."""
    out = [f"{dots[0][0]:.1f},{dots[0][1]:.1f}"]
    for (_, before), (cost, after) in itertools.pairwise(dots):
        if before != after:
            out += [f"{cost:.1f},{before:.1f}", f"{cost:.1f},{after:.1f}"]
    return " ".join([*out, f"{dots[-1][0]:.1f},{dots[-1][1]:.1f}"])


def _spread(ends: list[float], gap: float = 13.0) -> list[float]:
    """Push labels apart, downwards first, then back up into the picture."""
    out: list[float] = []
    for end in ends:
        out.append(max(end, out[-1] + gap) if out else end)
    limit = _H - _BOTTOM + 4.0
    for i in range(len(out) - 1, -1, -1):
        out[i] = min(out[i], limit)
        limit = out[i] - gap
    return out
