"""What an expression is cut into and parsed to; a name is whatever the study calls one."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from hpo_tui.engine.spec.names import did_you_mean, listing, show
from hpo_tui.engine.spec.parts import Value

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "min": (2, 20),
    "max": (2, 20),
    "abs": (1, 1),
    "log": (1, 1),
    "log10": (1, 1),
    "sqrt": (1, 1),
}
"""Functions and how many arguments each takes, least and most."""

KEYWORDS = ("and", "or", "not", "in", "true", "false")
Kind = Literal["number", "text", "truth", "any"]
"""What a part of an expression is; ``any`` where that is not known before it is worked out."""
_MOST = 400
"""Tokens in an expression: more than anyone writes, few enough to walk the tree by recursion."""

NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?(?![\w.])")
WORD = re.compile(r"[^\W\d]\w*(\.\w+)*")
_LIKE_A_NUMBER = re.compile(r"\d\w*")
"""A word that begins with a digit, as a commit may: where it is a value without quotes."""
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"' + r"|'((?:[^'\\]|\\.)*)'")
_SYMBOL = re.compile(r"\*\*|//|<=|>=|==|!=|=>|=<|<>|&&|\|\||[-+*/%<>=!()\[\],]")
_SAME = {"=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}


class ExpressionError(ValueError):
    """An expression that cannot be read; ``at`` is the offset of the place in its text."""

    def __init__(self, message: str, at: int, text: str) -> None:
        self.at = at
        self.reason = message
        super().__init__(f"{message} at character {at + 1} of {show(text)}")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of the text and where it starts."""

    sort: Literal["number", "text", "name", "word", "symbol", "end"]
    text: str
    at: int


class Tokenizer:
    """Cuts one text; ``names`` are those that it knows.

    ``values``: whether a word that begins with a digit is the value of a name.
    """

    def __init__(
        self, text: str, names: Collection[str], values: Callable[[str], bool] | None = None
    ) -> None:
        self.text = text
        self._values = values
        self.known = frozenset(names)
        self.by_length = sorted(names, key=len, reverse=True)

    def tokens(self) -> list[Token]:
        """Return the tokens, the last of sort ``end``."""
        found, at, text = [], 0, self.text
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            token, at = self._token(at)
            found.append(token)
        if len(found) > _MOST:
            raise ExpressionError(
                f"has more than {_MOST} parts",
                found[_MOST].at,
                self.text,
            )
        return [*found, Token("end", "", len(text))]

    def _token(self, at: int) -> tuple[Token, int]:
        """Return the token at a place of the text, and where it ends. Raises ExpressionError."""
        text = self.text
        if text[at] == "`":
            end = text.find("`", at + 1)
            if end < 0:
                raise ExpressionError("the backtick is not closed", at, self.text)
            name = text[at + 1 : end]
            if name not in self.known:
                guess = (
                    did_you_mean(name, self.known) or f"; there are {listing(sorted(self.known))}"
                )
                raise ExpressionError(f"unknown name {show(name)}{guess}", at, self.text)
            return Token("name", name, at), end + 1
        known = self._name_at(at)
        if known:
            return Token("name", known, at), at + len(known)
        if string := _STRING.match(text, at):
            inner = string.group(1) if string.group(1) is not None else string.group(2)
            inner = re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
            odd = inner in self.known and not WORD.fullmatch(inner)
            return Token("name" if odd else "text", inner, at), string.end()
        if number := NUMBER.match(text, at):
            return Token("number", number.group(), at), number.end()
        odd_word = _LIKE_A_NUMBER.match(text, at)
        if odd_word and self._values is not None:
            if self._values(odd_word.group()):
                return Token("word", odd_word.group(), at), odd_word.end()
            what = f"{show(odd_word.group())} is no number, and no value that a name has"
            raise ExpressionError(what, at, self.text)
        if word := WORD.match(text, at):
            lower = word.group().lower()
            sort: Literal["symbol", "word"] = "symbol" if lower in KEYWORDS[:4] else "word"
            return Token(sort, lower if lower in KEYWORDS else word.group(), at), word.end()
        if symbol := _SYMBOL.match(text, at):
            return Token("symbol", _SAME.get(symbol.group(), symbol.group()), at), symbol.end()
        what = (
            "the quote is not closed" if text[at] in "\"'" else f"did not expect {show(text[at])}"
        )
        raise ExpressionError(what, at, self.text)

    def _name_at(self, at: int) -> str | None:
        """Return the longest known name that stands at ``at`` as a whole word."""
        for name in self.by_length:
            end = at + len(name)
            if (
                name.lower() in KEYWORDS
                or not WORD.match(name)
                or not self.text.startswith(name, at)
            ):
                continue
            after = self.text[end : end + 1]
            called = name in FUNCTIONS and self.text[end:].lstrip()[:1] == "("
            if not called and not (after.isalnum() or after == "_"):
                return name
        return None


def renamed(text: str, names: Collection[str], old: str, new: str) -> str:
    """Return an expression over ``names`` with ``old`` called ``new``; a faulty one as it is."""
    try:
        tokens = Tokenizer(text, names).tokens()
    except ExpressionError:
        return text
    bare = WORD.fullmatch(new) and new.lower() not in KEYWORDS and new not in FUNCTIONS
    for token in reversed(tokens):
        at = token.at + (text[token.at : token.at + 1] in ("`", '"', "'"))
        if token.sort == "name" and token.text == old and text.startswith(old, at):
            end = at + len(old) + (at - token.at)
            text = text[: token.at] + (new if bare else f"`{new}`") + text[end:]
    return text


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression.

    ``op`` is ``value`` (``value``), ``name`` (``value`` holds it), ``list``, ``call``, ``neg``,
    ``not``, ``and``, ``or``, a comparison or an operator; ``args`` are its parts.
    """

    op: str
    at: int
    kind: Kind
    args: tuple["Node", ...] = ()
    value: Value = 0.0

    def names(self) -> set[str]:
        """Return every name in it."""
        if self.op == "name":
            return {str(self.value)}
        return {name for arg in self.args for name in arg.names()}
