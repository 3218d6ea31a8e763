"""Parsing expressions over parameters and metrics to a tree, errors with a position.

The language: numbers, ``"text"``, ``true``/``false``, names, ``+ - * / // % **``, comparisons
(also chained, ``=`` for ``==``, and ``in [..]``), ``and or not``, parentheses, and the functions
of :data:`FUNCTIONS`. A name that the study has is read as it is written, whatever it looks like
(``weight-decay``, ``lambda``, ``val/acc``); backticks set a name apart where that is not enough.
A parser of our own, as Python's would refuse such names and accept much more than is safe.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from hpo_tui.engine.spec.expressions.kinds import Kinds
from hpo_tui.engine.spec.expressions.tokens import (
    FUNCTIONS,
    NUMBER,
    WORD,
    ExpressionError,
    Kind,
    Node,
    Token,
    Tokenizer,
)
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show
from hpo_tui.engine.spec.parts import Value

_DEEPEST = 40
_TOO_DEEP = f"is nested too deeply (more than {_DEEPEST} levels)"
_KINDS: Mapping[str, Kind] = {"number": "number", "text": "text", "truth": "truth"}
_BINARY = {"+": 4, "-": 4, "*": 5, "/": 5, "//": 5, "%": 5, "**": 7}
_COMPARE = ("==", "!=", "<", "<=", ">", ">=", "in")


def parse(
    text: str,
    names: Mapping[str, Kind] | Collection[str],
    choices: Mapping[str, Collection[Value]] | None = None,
    *,
    bare: bool = False,
) -> Node:
    """Parse an expression that is true or false. Raises :class:`ExpressionError`.

    ``names`` are those that it may use, with their kinds where they are known (any other mapping
    gives its keys); ``choices`` the values that a name can have, so that a misspelt one is noticed.
    ``bare``: such a value needs no quotes, and alone says that the name has it.
    """
    kinds: dict[str, Kind] = dict.fromkeys(names, "any")
    for name, kind in names.items() if isinstance(names, Mapping) else ():
        if isinstance(kind, str) and kind in _KINDS:
            kinds[name] = _KINDS[kind]
    return _Parser(text, kinds, choices or {}, bare).whole()


class _Parser:
    """Precedence climbing over the tokens; each step checks the kinds of what it joins.

    ``names``: those that the expression may use, with their kinds.
    """

    def __init__(
        self,
        text: str,
        names: Mapping[str, Kind],
        choices: Mapping[str, Collection[Value]],
        bare: bool,
    ) -> None:
        self.text = text
        self.bare = bare
        self.names = names
        self.choices = choices
        self.kinds = Kinds(text, choices)
        self.depth = 0
        values = (lambda word: bool(self._owners(word))) if bare else None
        self.tokens = Tokenizer(text, names, values).tokens()
        self.place = 0

    def whole(self) -> Node:
        node = self._or()
        if self._peek().sort != "end":
            token = self._peek()
            hint = "; join conditions with and / or" if token.sort in ("name", "word") else ""
            raise self._error(f"did not expect {show(token.text)} here{hint}", token.at)
        if node.kind in ("number", "text"):
            raise self._error(f"must be a condition such as a > b, this is a {node.kind}", node.at)
        return node

    def _or(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(_TOO_DEEP, self._peek().at)
        node = self._and()
        while self._is("or"):
            at = self._next().at
            node = Node("or", at, "truth", (self.kinds.truth(node), self.kinds.truth(self._and())))
        self.depth -= 1
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._is("and"):
            at = self._next().at
            node = Node("and", at, "truth", (self.kinds.truth(node), self.kinds.truth(self._not())))
        return node

    def _not(self) -> Node:
        ats = []
        while self._is("not"):
            ats.append(self._next().at)
        node = self._comparison()
        if len(ats) > _DEEPEST:
            raise self._error(_TOO_DEEP, ats[0])
        for at in reversed(ats):
            node = Node("not", at, "truth", (self.kinds.truth(node),))
        return node

    def _comparison(self) -> Node:
        left = self._sum(4)
        joined: Node | None = None
        while self._compares():
            negated = self._is("not") and bool(self._next())
            op = self._next()
            right = self._list() if op.text == "in" else self._sum(4)
            left, right = self._as_text(right, left), self._as_text(left, right)
            node = Node(op.text, op.at, "truth", self.kinds.compared(op, left, right))
            node = Node("not", op.at, "truth", (node,)) if negated else node
            joined = node if joined is None else Node("and", op.at, "truth", (joined, node))
            left = right
        return joined or self._stated(left)

    def _stated(self, node: Node) -> Node:
        """Return that the name with this value has it, where a value without quotes is all."""
        unquoted = node.op == "value" and self.text.startswith(str(node.value), node.at)
        owners = self._owners(str(node.value)) if unquoted and node.kind == "text" else []
        if not owners:
            return node
        if len(owners) > 1:
            which = " or ".join(f"{plain(n)} = {plain(str(node.value))}" for n in owners)
            raise self._error(f"say of what: {which}", node.at)
        name = Node("name", node.at, self.names[owners[0]], value=owners[0])
        return Node("==", node.at, "truth", (name, node))

    def _as_text(self, name: Node, node: Node) -> Node:
        """Return a number as text beside a name whose values are texts: a commit, a tag."""
        if not self.bare or name.op != "name" or name.kind != "text":
            return node
        if node.op == "list":
            return replace(node, args=tuple(self._as_text(name, item) for item in node.args))
        digits = NUMBER.match(self.text, node.at) if node.op == "value" else None
        if digits is None:
            return node
        return Node("value", node.at, "text", value=digits.group())

    def _owners(self, word: str) -> list[str]:
        """Return the names that have a value."""
        return [n for n, options in self.choices.items() if word in options]

    def _compares(self) -> bool:
        """Whether a comparison comes next (``not in`` is one of two words)."""
        here = self.tokens[self.place : self.place + 2]
        if here[0].sort != "symbol":
            return False
        return here[0].text in _COMPARE or [t.text for t in here] == ["not", "in"]

    def _sum(self, least: int) -> Node:
        left = self._unary()
        while self._peek().sort == "symbol" and _BINARY.get(self._peek().text, 0) >= least:
            op = self._next()
            power = _BINARY[op.text]
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self._error(_TOO_DEEP, op.at)
            right = self._sum(power if op.text == "**" else power + 1)
            self.depth -= 1
            left = Node(
                op.text,
                op.at,
                "number",
                (self.kinds.number(left, op), self.kinds.number(right, op)),
            )
        return left

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self._is("-") or self._is("+"):
            signs.append(self._next())
        if len(signs) > _DEEPEST:
            raise self._error(_TOO_DEEP, signs[0].at)
        if not signs:
            return self._atom()
        node = self._sum(7)
        for sign in reversed(signs):
            node = self.kinds.number(node, sign)
            node = Node("neg", sign.at, "number", (node,)) if sign.text == "-" else node
        return node

    def _atom(self) -> Node:
        token = self._next()
        if token.sort == "number":
            value = float(token.text)
            if not math.isfinite(value) and not (self.bare and self._owners(token.text)):
                raise self._error("this number is too large (1.8e308 is the largest)", token.at)
            return Node("value", token.at, "number", value=value)
        if token.sort == "text":
            return Node("value", token.at, "text", value=token.text)
        if token.sort == "name":
            return Node("name", token.at, self.names[token.text], value=token.text)
        if token.text in ("true", "false"):
            return Node("value", token.at, "truth", value=token.text == "true")
        if token.sort == "word" and token.text in FUNCTIONS:
            return self._call(token)
        if token.text == "(":
            node = self._or()
            self._close(")", token)
            return node
        if token.sort == "word" and self.bare and self._owners(token.text):
            return Node("value", token.at, "text", value=token.text)
        raise self._unexpected(token)

    def _call(self, function: Token) -> Node:
        opening = self._next()
        args = [self.kinds.number(self._argument(), function)]
        while self._is(","):
            self._next()
            args.append(self.kinds.number(self._argument(), function))
        self._close(")", opening)
        least, most = FUNCTIONS[function.text]
        if not least <= len(args) <= most:
            wanted = "one value" if most == 1 else f"at least {least} values"
            raise self._error(f"{function.text} takes {wanted}, not {len(args)}", function.at)
        return Node("call", function.at, "number", tuple(args), function.text)

    def _argument(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(_TOO_DEEP, self._peek().at)
        node = self._sum(4)
        self.depth -= 1
        return node

    def _list(self) -> Node:
        opening = self._next()
        if opening.text not in ("[", "("):
            raise self._error('in needs a list such as ["sgd", "adam"]', opening.at)
        closing = "]" if opening.text == "[" else ")"
        items = [self._sum(4)]
        while self._is(","):
            self._next()
            items.append(self._sum(4))
        self._close(closing, opening)
        return Node("list", opening.at, "any", tuple(items))

    def _close(self, closing: str, opening: Token) -> None:
        if not self._is(closing):
            raise self._error(
                f"the {opening.text} at character {opening.at + 1} is not closed", self._peek().at
            )
        self._next()

    def _peek(self) -> Token:
        return self.tokens[self.place]

    def _next(self) -> Token:
        token = self.tokens[self.place]
        self.place += token.sort != "end"
        return token

    def _is(self, text: str) -> bool:
        return self._peek().sort == "symbol" and self._peek().text == text

    def _error(self, message: str, at: int) -> ExpressionError:
        return ExpressionError(message, at, self.text)

    def _unexpected(self, token: Token) -> ExpressionError:
        """Return the error of a token that cannot stand here, with what was probably meant."""
        if token.sort == "end":
            return self._error(
                "the expression ends too early" if self.text.strip() else "the expression is empty",
                token.at,
            )
        if token.sort != "word":
            return self._error(f"did not expect {show(token.text)} here", token.at)
        if self._owners(token.text):
            return self._error(f'text needs quotes: "{plain(token.text)}"', token.at)
        if self._peek().text == "(":
            guess = did_you_mean(token.text, FUNCTIONS)
            return self._error(
                "there is no function "
                f"{show(token.text)}{guess or '; there are ' + ', '.join(FUNCTIONS)}",
                token.at,
            )
        longer = next(
            (n for n in self.names if not WORD.fullmatch(n) and n.startswith(token.text)), None
        )
        guess = (
            f"; did you mean `{plain(longer)}`?" if longer else did_you_mean(token.text, self.names)
        )
        before = self.tokens[self.place - 2].text if self.place > 1 else ""
        if not guess and before in ("==", "!=", "["):
            guess = f'; text needs quotes: "{plain(token.text)}"'
        return self._error(
            f"unknown name {show(token.text)}{guess or '; there are ' + listing(self.names)}",
            token.at,
        )
