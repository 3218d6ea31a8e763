"""Numbers, times and foreign text as the screens show them."""

import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import get_character_cell_size

from hpo_tui.engine.numerals import short_exponent
from hpo_tui.store.models import Value
from hpo_tui.tui.words.plain import plain

MOST_DIGITS = 8
_OF_NUMBER = r"[0-9.,e+\-]"
HALF_YEAR = 182 * 86_400.0
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def width_of(text: str) -> int:
    """Return how many cells ``text`` takes, character by character."""
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` cut to at most ``width`` cells, its cut end marked by ``ellipsis``."""
    if width_of(text) <= width:
        return text
    room = width - len(ellipsis)
    if room < 0:
        return ""
    kept, used = [], 0
    for char in text:
        cells = get_character_cell_size(char)
        if used + cells > room:
            break
        kept.append(char)
        used += cells
    return _marked("".join(kept), ellipsis)


def _marked(cut: str, ellipsis: str) -> str:
    # The part that the cut goes through may be cut already, and be marked.
    return cut if cut.endswith(ellipsis) else cut + ellipsis


def clip_line(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` cut to ``width`` cells; a number at the cut end is left out whole.

    Its first digits alone would be another number.
    """
    shown = clip(text, width, ellipsis)
    at = len(shown) - len(ellipsis)
    if shown == text or at <= 0 or not re.match(_OF_NUMBER, text[at]):
        return shown
    begin = re.search(rf"(?<![\w.]){_OF_NUMBER}*$", text[:at])
    return shown if begin is None else _marked(text[: begin.start()].rstrip(), ellipsis)


def clip_among(name: str, width: int, names: Iterable[str], ellipsis: str = "…") -> str:
    """Return ``name`` cut to ``width`` cells: at its end, or where it is told from ``names``.

    ``optimizer.momentum`` and ``optimizer.weight_decay`` would both be ``optimizer.…``: of names
    that differ behind the cut the beginning and the part that differs are kept.
    """
    text = clip(name, width, ellipsis)
    room = width - len(ellipsis)
    if text == name or room <= 0:
        return text
    alike = [n for n in names if n != name and clip(n, width, ellipsis) == text]
    if not alike:
        return text
    head = clip(name, room // 3, "")
    pairs = [list(zip(name, n, strict=False)) for n in alike]
    differs = max(next((i for i, (a, b) in enumerate(p) if a != b), len(p)) for p in pairs)
    return head + ellipsis + _from(name, differs, room - width_of(head), ellipsis)


def _from(name: str, at: int, room: int, ellipsis: str) -> str:
    """Return the part of ``name`` around its character ``at`` in ``room`` cells.

    Its end where that holds the character, else from the word on in which the character lies.
    """
    end = name
    while width_of(end) > room:
        end = end[1:]
    if len(name) - len(end) <= at:
        return end
    word = 1 + max(name.rfind(mark, 0, at) for mark in "._-/ ")
    return clip(name[word if at - word <= room // 2 else at :], room, ellipsis)


def pad(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` clipped, then filled with spaces, to exactly ``width`` cells."""
    text = clip(text, width, ellipsis)
    return text + " " * max(width - width_of(text), 0)


def number(value: float, digits: int = 4) -> str:
    """Return a number in a few characters: ``0.9657``, ``18.0k``, ``1.2e-5``; NaN as a dash."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    size = abs(value)
    if float(value).is_integer() and size < 10 ** min(digits + 1, 6):
        return str(int(value))
    if size >= 1e15 or size < 1e-3:
        return _exponent(value, digits)
    if size >= 10_000:
        kept = max(digits - 1, 2)
        for scale, suffix in _SUFFIXES:
            # What would round to 1000k is 1M.
            if size >= scale or float(_significant(size / scale, kept)) >= 1:
                return f"{_significant(value / scale, kept)}{suffix}"
    return _significant(value, digits)


def limit(value: float, scaled_from: float = 100_000) -> str:
    """Return a goal's number as it was set, to ``MOST_DIGITS``: rounded it would be another goal.

    From ``scaled_from`` on with a suffix where that is no longer: ``200k``, but ``123456``.
    """
    text = f"{value:.{MOST_DIGITS}g}"
    if "e" in text:
        if value.is_integer() and abs(value) < 1e15:
            text = str(int(value))
        else:
            text = short_exponent(text)
    for scale, suffix in _SUFFIXES:
        if max(scale, scaled_from) <= abs(value) < 1e15:
            short = f"{value / scale:.{MOST_DIGITS}g}{suffix}"
            return short if len(short) <= len(text) else text
    return text


def limit_in(value: float, width: int, ellipsis: str = "…") -> str:
    """Return a goal's number as it was set, in fewer digits where it is wider than ``width``."""
    text = limit(value)
    if len(text) > width:
        text = limit(value, 1000)
    return text if len(text) <= width else fitted(value, width, MOST_DIGITS, ellipsis)


def fitted(value: float, width: int, digits: int = 4, ellipsis: str = "…") -> str:
    """Return a number in as many digits as fit ``width`` cells: cut, it would be another number.

    An ellipsis alone where it fits in none.
    """
    texts = (number(value, kept) for kept in range(digits, 0, -1))
    return next((text for text in texts if len(text) <= width), clip(ellipsis, width, ""))


def apart(values: Sequence[float], digits: int = 4) -> list[str]:
    """Return numbers in as few characters as tell those that differ apart, ``digits`` at the least.

    For the marks of one axis: ``0.96500`` to ``0.96503`` would all be ``0.965``. Where
    ``MOST_DIGITS`` do not tell them apart either, more are of no use.
    """
    for more in range(digits, MOST_DIGITS + 1):
        texts = [number(value, more) for value in values]
        if len(set(texts)) >= len(set(values)):
            return texts
    return [number(value, digits) for value in values]


def read(text: str) -> float:
    """Return the number that :func:`number` wrote as ``text``."""
    scale = next((s for s, suffix in _SUFFIXES if text.endswith(suffix)), None)
    return float(text) if scale is None else float(text[:-1]) * scale


def _exponent(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{max(digits - 2, 0)}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def _significant(value: float, digits: int) -> str:
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else 0
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def value(item: Value | None, digits: int = 4) -> str:
    """Return a parameter's value for people; None (inactive) as a dash.

    Text is made safe to show, in quotes where nothing of it would be seen: it is a value even so.
    """
    if item is None:
        return "-"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        shown = plain(item)
        return shown if shown.strip() else f'"{shown}"'
    return number(float(item), digits)


def values(items: Sequence[Value]) -> list[str]:
    """Return the choices of one parameter for people, in as few digits as tell them apart."""
    numbers = [float(i) for i in items if not isinstance(i, bool | str)]
    said = iter(apart(numbers) if numbers else ())
    texts = [value(i) if isinstance(i, bool | str) else next(said) for i in items]
    if len(set(texts)) == len(texts):
        return texts
    return [value(i) if isinstance(i, bool | str) else str(i) for i in items]


def natural(text: str) -> list[tuple[int, str]]:
    """Return what sorts ``GPU2`` before ``GPU10``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return [(int(p), "") if p.isdigit() and p.isascii() else (-1, p) for p in parts]


def duration(seconds: float | None) -> str:
    """Return a time span in two units at most: ``41s``, ``14m``, ``3h20``, ``2d4h``, ``120d``."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    whole = round(seconds)
    if whole < 100:
        return f"{whole}s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{rest:02d}"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if days < 100 else f"{days}d"


def took(seconds: float | None) -> str:
    """Return how long a trial ran, in digits that tell short ones apart: ``23ms``, ``2m30``."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if 0 < seconds < 0.0995:
        return f"{max(round(seconds * 1000), 1)}ms"
    if 0 < seconds < 9.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}" if 100 <= round(seconds) < 600 else duration(seconds)


def clock(when: float, now: float) -> str:
    """Return a moment in local time: ``14:03:21``, of another day ``11-27 14:03``, or the date."""
    then, today = time.localtime(when), time.localtime(now)
    if (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday):
        return time.strftime("%H:%M:%S", then)
    return time.strftime("%m-%d %H:%M" if abs(now - when) < HALF_YEAR else "%Y-%m-%d", then)


def size(count: float | None) -> str:
    """Return a number of bytes: ``512B``, ``11.2G``."""
    if count is None or not math.isfinite(count):
        return "-"
    for scale, suffix in ((2**40, "T"), (2**30, "G"), (2**20, "M"), (2**10, "K")):
        if count >= scale:
            return f"{_significant(count / scale, 3)}{suffix}"
    return f"{count:.0f}B"


def shares(parts: Mapping[str, float]) -> dict[str, str]:
    """Return parts of one whole as per cents that sum to 100, if the parts sum to one."""
    whole = rounded_together([100 * part for part in parts.values()])
    return {name: f"{value}%" for name, value in zip(parts, whole, strict=True)}


def rounded_together(parts: Sequence[float]) -> list[int]:
    """Return whole numbers that add up to the sum of ``parts``, rounded.

    Each is rounded down, and what is missing goes to the largest remainders.
    """
    found = [math.floor(part + 1e-6) for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: found[i] - parts[i])
    for i in by_remainder[: max(0, round(sum(parts)) - sum(found))]:
        found[i] += 1
    return found
