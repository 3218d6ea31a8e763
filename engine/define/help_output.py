"""The options of a command that is seen from outside alone, and what to do where there are none.

What ``--help`` prints is read as argparse, click, absl, Fire and people write it.
"""

import dataclasses
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from hpo_tui.engine.define.files import settings_file
from hpo_tui.engine.define.given import with_given
from hpo_tui.engine.define.options import Found, Option, kind_of, typed
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.sources.declared import options_in
from hpo_tui.engine.spec import Value

_META = r"(?:INTEGER|FLOAT) RANGE|\{[^}]*\}|<[^>]*>|\[[^\]]*\]|[A-Z][\w.|]*|[^\WA-Z]\w*"
_LINE = re.compile(
    rf"^(?P<indent>\s{{1,8}})(?P<before>(?:-\w[\w-]*(?:[ =](?:{_META}))?,\s*){{0,4}})"
    r"--(?P<no>\[no-?\])?(?P<flag>[a-zA-Z][\w.-]*)"
    r"(?:(?:\s*/\s*(?:-\w, )?|(?:,\s|\s{2,})(?=--(?:[\w.]+\.)?no))--(?P<off>[\w.-]+))?"
    rf"(?:[ =](?P<meta>{_META}))?(?P<behind>(?:,\s--?\w[\w-]*(?:[ =](?:{_META}))?){{0,4}})"
    r"(?:(?:\s{2,}|:\s)(?P<text>.*)|\s*$)"
)
"""An option's line: ``-b SIZE, --batch-size SIZE``, ``--seed SEED, -s SEED``, ``--amp / --off``."""
_BOX = re.compile(r"[│|](.*?)\s*[│|]$")
"""A line within a box, which help texts that are drawn by rich stand in."""
_DEFAULT = re.compile(
    r"default(?:s to|:|=| is)?\s*[:=]?\s*[\"'`]?(?P<value>[\w.+-]+)", re.IGNORECASE
)
_Kind = Literal["int", "float", "bool"]
_KINDS: Mapping[str, _Kind] = {
    "INT": "int",
    "INTEGER": "int",
    "N": "int",
    "FLOAT": "float",
    "BOOL": "bool",
}
_FLAG = re.compile(r"(?<!\S)--?\w[\w-]*")
_NUMBER = r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
_DECLARED = re.compile(r"\bType: (?:Optional\[)?(int|float|bool)\b|\((an integer)|\(a .*\b(number)")
_SAID_ELSEWHERE = re.compile(
    r"\s*(?:[(\[]default\b[^)\]]*[)\]]|\[[^\]]*\bx[<>][^\]]*\]|\bDefault: \S+|\bType: \S+"
    r"|\(an? [^)]*(?:integer|number)\))",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"\((?P<required>required, )?type: (?P<type>[^()]+?)(?:, default: (?P<value>.*))?\)$"
)
"""How jsonargparse ends the help of an option."""
_LONGEST = 120
_MOST = 24
"""Further lines of one option that are looked at."""
_FILE_FLAG = re.compile(r"[\"'](--?(?:[\w-]*conf[\w-]*|settings|params|c))=?[\"']")
_HELP_LIMIT = 30.0
"""Seconds that a command may take to print its help."""


def help_options(lines: Sequence[str]) -> tuple[Option, ...]:
    """Return the options that a help text names, with defaults where it states them."""
    options: dict[str, Option] = {}
    for found, further in _entries([_BOX.sub(r"\1", line.rstrip()) for line in lines]):
        if found["flag"] not in ("help", "helpfull", "helpshort", "version"):
            option = _option(found, further)
            options[option.name] = option
    return tuple(options.values())


def _entries(lines: Sequence[str]) -> Iterator[tuple["re.Match[str]", str]]:
    """Return each option's line with what the lines below it, further in, say."""
    for n, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        further = []
        for below in lines[n + 1 : n + 1 + _MOST]:
            text = below.lstrip()
            if len(below) - len(text) <= len(found["indent"]) or _LINE.match(below):
                break
            further.append(text)
        yield found, " ".join(further)


def _option(found: "re.Match[str]", further: str) -> Option:
    """Return an option from its own line and from the text of the lines ``further`` down."""
    meta, text = found["meta"] or "", found["text"] or ""
    # absl and rich write what an option may be at the head of its text.
    if not meta and (listed := re.match(r"<[\w.-]+(?:[| ][\w.-]+)*>", text)):
        meta, text = listed[0], text[listed.end() :].lstrip(": ")
    whole = " ".join(f"{text} {further}".split())
    told = _TYPED.search(whole)
    text = text if "default" in text.lower() and told is None else whole
    flag, name = f"--{found['flag']}", found["flag"].replace("-", "_")
    default = told or _DEFAULT.search(text)  # what the type's brackets say goes before any words
    stated = (default["value"] if default else None) or ""
    value = typed(stated.rstrip(".,")) if stated else None
    value = None if value in ("null", "None") else value
    if told is not None:
        text = text[: told.start()] if told.end() == len(text) else text
        meta = meta if re.search(r"[,|]", meta) else _plainest(told["type"])
    about = " ".join(_SAID_ELSEWHERE.sub("", text).split())[:_LONGEST]
    if found["no"] or found["off"]:
        off = f"--{found['off'] or found['no'][1:-1] + found['flag']}"
        on = value is True or stated == found["flag"]
        return Option(name, flag, "bool", on, help=about, switch=True, off=off)
    declared = _declared(meta, text)
    if stated in ("True", "False") and (meta or declared == "bool"):
        # Python's words: what reads them as such takes any other for a text, which is true.
        return Option(name, flag, "bool", value is True, help=about).in_words()
    if not meta and (value is None or stated in ("True", "False")):
        return Option(name, flag, "bool", False, help=about, switch=True)
    choices: tuple[Value, ...] = ()
    if re.search(r"[,|]", meta):
        choices = tuple(typed(c.strip()) for c in re.split(r"[,|]", meta.strip("{}[]<>")))
    kind = kind_of(value) if value is not None else "text"
    if declared == "float" or (declared == "int" and kind != "float"):
        kind = declared
    required = bool(told and told["required"])
    limits = _limits(whole) if meta.endswith(" RANGE") else (None, None)
    others = tuple(_FLAG.findall(f"{found['before']} {found['behind']}"))
    return Option(
        name, flag, kind, value, choices, *limits, about, required=required, aliases=others
    )


def _limits(text: str) -> tuple[float | None, float | None]:
    """Return the ends of a range as click writes them: ``[1<=x<=10]``, ``[x>=1]``."""
    low = re.search(rf"({_NUMBER})<=?x\b|\bx>=?({_NUMBER})", text)
    high = re.search(rf"x<=?({_NUMBER})", text)
    return float(low[1] or low[2]) if low else None, float(high[1]) if high else None


def _plainest(declared: str) -> str:
    """Return the kind of number that a type allows: ``float`` of ``Union[int, float, None]``."""
    words = re.findall(r"\w+", declared)
    return next((kind for kind in ("float", "int", "bool") if kind in words), "STRING")


def _declared(meta: str, text: str) -> _Kind | None:
    """Return the type that a help text states, None where it states none."""
    found = _DECLARED.search(text)
    if found is None:
        return _KINDS.get(meta.strip("<>").upper().removesuffix(" RANGE"))
    return _KINDS[found[1].upper()] if found[1] else "int" if found[2] else "float"


def options_from_outside(
    words: Sequence[str], folder: Path, sources: Sequence[str], probed: Found
) -> Found:
    """Return what a command's help says, else its source, else its own words.

    A configuration that is Python stands in no help.
    """
    helped = _from_help(words, folder)
    if not helped.options or any("DEFINE_config_file" in text for text in sources):
        written = options_in(sources, words, folder, helped.broken)
        helped = written if written is not None else helped
    given = with_given(helped, words, folder)
    if given.options:
        return given
    said = _nothing(probed) or _its_file(words, folder, sources) or _nothing(given)
    return dataclasses.replace(given, advice=said)


def _from_help(words: Sequence[str], folder: Path) -> Found:
    """Read the options that ``--help`` prints, with defaults where it states them."""
    ran = run_briefly([*words, "--help"], folder, _HELP_LIMIT, {})
    options = help_options(ran.lines)
    broken = ran.lines[-1] if ran.lines and ran.code and "Error" in ran.lines[-1] else ""
    if not options:
        given = [
            f"hpo-tui init --force -- {shlex.join([*words, *o])}"
            for o in (["lr=0.1"], ["--lr", "0.1"])
        ]
        said = f"no option was found: name those it takes, such as {' or '.join(given)}"
        said += f" (its --help ended with {broken})" if broken else ""
        return Found(advice=(said,), broken=broken)
    return Found(options, "its --help")


def _nothing(probed: Found) -> tuple[str, ...]:
    """Say what to do where neither a script nor its source tells what it takes."""
    if "No module named" not in probed.broken:
        return probed.advice
    said = (
        f"it does not start here ({probed.broken}), and its source does not say what it takes: "
        "activate the environment that it starts in, then hpo-tui init --force again"
    )
    return (said,)


def _its_file(words: Sequence[str], folder: Path, sources: Sequence[str]) -> tuple[str, ...]:
    """Say how the file of settings that a script reads where it is given none can be tuned."""
    text = "\n".join(sources)
    file = settings_file(text, folder)
    if file is None or file in words:
        return ()
    flag = _FILE_FLAG.search(text)
    named = [*words, *([flag.group(1)] if flag else []), file]
    return (
        f"no option was found, but it reads {file}: name the file as the script takes it, and its"
        f" settings can be searched: hpo-tui init --force -- {shlex.join(named)}",
    )
