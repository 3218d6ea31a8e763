"""What a command line already says: values of its options, and words that stand by their place."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.options import Found, Option, Style, kind_of, typed
from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.spec import Value


def with_given(found: Found, words: Sequence[str], folder: Path) -> Found:
    """Take values that the command line already has as the defaults of their options.

    ``--lr 0.05``, ``lr=0.05`` and Hydra's ``+lr=0.05`` of options that nothing else is known of
    become options too.
    """
    options = {o.name: o for o in found.options if o.style != "positional"}
    by_flag = {flag: o for o in options.values() for flag in (o.flag, *o.aliases)}
    for n, word in enumerate(words):
        flag, equals, value = word.partition("=")
        following = words[n + 1] if n + 1 < len(words) else "-"
        known = by_flag.get(flag)
        dashed = flag.startswith("--") or (known is not None and flag.startswith("-"))
        if not equals and dashed and not following.startswith("--"):
            value = following
        if not value or not re.fullmatch(r"(--?|\+\+?)?[A-Za-z][\w.-]*", flag):
            continue
        given = typed(value)
        if known is not None and not known.switch:
            # It stays by the name that it has on the command line.
            options[known.name] = dataclasses.replace(_redefault(known, given), flag=flag)
        elif not found.options and kind_of(given) != "text":
            name = flag.lstrip("-+").replace("-", "_")
            style: Style = "flag" if flag.startswith("--") else "equals"
            options[name] = Option(name, flag, kind_of(given), given, style=style)
    placed = _positionals(found.options, words, script_at(words, folder) + 1)
    how = found.how or ("the values on the command line" if options else "")
    advice = found.advice if found.options or not options else ()
    every = (*placed, *options.values())
    return dataclasses.replace(found, options=every, how=how, advice=advice, words=tuple(words))


def _redefault(option: Option, given: Value) -> Option:
    if option.kind == "float" and isinstance(given, int) and not isinstance(given, bool):
        given = float(given)
    if option.kind == "text" and option.default is None and not option.choices:
        return dataclasses.replace(option, default=given, kind=kind_of(given))
    return dataclasses.replace(option, default=given)


def _positionals(options: Sequence[Option], words: Sequence[str], start: int) -> list[Option]:
    """Return the options without a flag, each with its word; those that lack one stay if needed.

    ``start``: the word behind the script.
    """
    expected = [o for o in options if o.style == "positional"]
    free = _free(options, words, start)
    # What comes before them names a sub-command.
    free = free[max(0, len(free) - len(expected)) :]
    found = []
    for n, option in enumerate(expected):
        if n < len(free):
            given = _redefault(option, typed(words[free[n]]))
            found.append(dataclasses.replace(given, word=free[n]))
        elif option.required:
            found.append(option)
    return found


def _free(options: Sequence[Option], words: Sequence[str], start: int) -> list[int]:
    """Return where the words from ``start`` on are that belong to no option."""
    switches = {f for o in options if o.switch for f in (o.flag, o.off, *o.aliases)}
    free, taken = [], False
    for n, word in enumerate(words[start:], start):
        if word.startswith("-"):
            taken = "=" not in word and word not in switches
        elif taken:
            taken = False
        else:
            free.append(n)
    return free
