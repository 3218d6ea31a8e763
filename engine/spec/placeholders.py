"""The ``{name}`` placeholders of a command's words, of environment values and of templates."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from hpo_tui.engine.spec.names import did_you_mean, listing, show

SPECIAL = {
    "trial_dir": "the trial's own folder",
    "checkpoint": "the folder to write checkpoints to",
    "resume": "the checkpoint to continue from; left out where there is none",
    "params_file": "the JSON file with the parameters and the fidelity",
    "seed": "the seed of this repeat",
    "task": "the task's name",
    "trial": "the trial's number",
    "study_dir": "the study's folder",
}
"""Names that a command can use beside parameters and fidelity values, which come first."""

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word: plain text, a value, or a text that depends on a boolean parameter.

    ``switch`` is ``{?amp:--amp}`` (``text`` when ``name`` is true) or ``{?!amp:--no-amp}``
    (``negated``).
    """

    kind: Literal["text", "value", "switch"]
    text: str = ""
    name: str = ""
    negated: bool = False


def parse(word: str) -> tuple[Piece, ...]:
    """Split a word at its placeholders; ``{{`` and ``}}`` stand for braces. Raises ValueError."""
    return tuple(_pieces(word))


def _pieces(word: str) -> Iterator[Piece]:
    for token in _PIECE.findall(word):
        if token in ("{{", "}}"):
            yield Piece("text", token[0])
        elif token in ("{", "}"):
            raise ValueError(
                f"{show(word)} has a lone {token}: a placeholder is {{name}}, a brace is "
                f"{token * 2}"
            )
        elif token.startswith("{?"):
            yield _switch(token)
        elif token.startswith("{"):
            if not token[1:-1]:
                raise ValueError(
                    f"{show(word)} has an empty placeholder: write {{name}}, or {{{{}}}}"
                )
            yield Piece("value", name=token[1:-1])
        else:
            yield Piece("text", token)


def _switch(token: str) -> Piece:
    name, colon, text = token[2:-1].partition(":")
    negated = name.startswith("!")
    if not colon or not text or not name.strip("!"):
        raise ValueError(f"{show(token)} must look like {{?name:--flag}} or {{?!name:--no-flag}}")
    return Piece("switch", text, name[negated:], negated)


def faults(word: str, names: Collection[str], booleans: Callable[[str], bool]) -> list[str]:
    """Return what is wrong with a word, given the parameter and fidelity names there are."""
    try:
        pieces = parse(word)
    except ValueError as error:
        return [str(error)]
    found = []
    for piece in pieces:
        if piece.kind == "text":
            continue
        known = [*names, *SPECIAL]
        if piece.name not in known:
            guess = (
                did_you_mean(piece.name, known)
                or f"; there are {listing([*names, *SPECIAL], most=20)}"
            )
            found.append(
                f"{{{_shown(piece.name)}}} is no parameter and no fidelity value{guess}"
                " (a plain brace is written {{ or }})"
            )
        elif piece.kind == "switch" and not booleans(piece.name):
            found.append(
                f"{{?{_shown(piece.name)}:…}} needs a parameter that is true or false:"
                " choices = [true, false]"
            )
    return found


def braced(text: str) -> str:
    """Return a text whose braces are no placeholders: each is written twice."""
    return text.replace("{", "{{").replace("}", "}}")


def renamed(text: str, old: str, new: str) -> str:
    """Return words, whether valid or not, with the placeholders of ``old`` naming ``new``."""
    same = re.compile(rf"(\{{(?:\?!?)?){re.escape(old)}(?=[:}}])")

    def change(piece: re.Match[str]) -> str:
        return same.sub(lambda found: found[1] + new, piece.group())

    return _PIECE.sub(change, text)


def used(words: Collection[str]) -> set[str]:
    """Return the names that valid words use."""
    return {p.name for word in words for p in parse(word) if p.kind != "text"}


def _shown(name: str) -> str:
    return show(name)[1:-1]
