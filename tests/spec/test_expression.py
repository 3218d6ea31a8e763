import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.expressions.relations import ExpressionError, compile_constraint, kinds_of
from hpo_tui.engine.spec.expressions.tokens import Kind

KINDS: dict[str, Kind] = {
    "a": "number",
    "b": "number",
    "weight-decay": "number",
    "lambda": "number",
    "val/acc": "number",
    "lr.max": "number",
    "my rate": "number",
    "opt": "text",
    "amp": "truth",
}
CHOICES = {"opt": ["sgd", "adam"]}


@pytest.mark.parametrize(
    ("text", "params", "holds"),
    [
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 2, "b": 2}, False),
        ("a <= b and b = 2", {"a": 2, "b": 2}, True),
        ("0 < a < 1", {"a": 2}, False),
        ("not amp or a > 3", {"amp": True, "a": 2}, False),
        ("amp", {"amp": True}, True),
        ("2 * a + 3 == 7", {"a": 2}, True),
        ("-a ** 2 == -9", {"a": 3}, True),
        ("2 ** -1 * a == .5", {"a": 1}, True),
        ("7 // 2 == 3 and 7 % 4 == 3 and a > 0", {"a": 1}, True),
        ("max(a, b, 5) == 5 and min(a, b) == 1", {"a": 1, "b": 2}, True),
        ("log10(a) < -2 or sqrt(b) == 3 and abs(-1) == 1", {"a": 1, "b": 9}, True),
        ("opt == 'sgd'", {"opt": "sgd"}, True),
        ('opt in ["sgd", "adam"] && !amp', {"opt": "adam", "amp": False}, True),
        ("opt not in ['sgd']", {"opt": "sgd"}, False),
        ("weight-decay < lambda", {"weight-decay": 1, "lambda": 2}, True),
        ("`weight-decay` < 2", {"weight-decay": 1}, True),
        ('"my rate" < 2', {"my rate": 3}, False),
        ("my rate + val/acc > lr.max", {"my rate": 1, "val/acc": 1, "lr.max": 1}, True),
        ("a => 3", {"a": 3}, True),
    ],
)
def test_what_holds(text: str, params: dict[str, object], holds: bool) -> None:
    assert compile_constraint(text, KINDS, CHOICES).holds(params) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a / b < 1", "log(b) < 1", "sqrt(b - 1) < 9", "a ** 999 > 1"])
def test_what_cannot_be_worked_out_does_not_hold(text: str) -> None:
    assert not compile_constraint(text, KINDS).holds({"a": 2, "b": 0})


def test_a_constraint_holds_where_a_parameter_is_inactive() -> None:
    assert compile_constraint("a > b", KINDS).holds({"a": 1})


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("", 1, "empty"),
        ("a <", 4, "too early"),
        ("(a < b", 7, "not closed"),
        ("a < c", 5, 'unknown name "c"'),
        ("a == failed", 6, 'unknown name "failed"; text needs quotes: "failed"'),
        ("a in [failed]", 7, 'unknown name "failed"; text needs quotes: "failed"'),
        ("lambd > 1", 1, 'did you mean "lambda"'),
        ("weight > 1", 1, "did you mean `weight-decay`"),
        ("opt = adam", 7, 'text needs quotes: "adam"'),
        ("opt == 'adm'", 8, 'did you mean "adam"'),
        ("opt < 'sgd'", 5, "no order"),
        ("a == 'x'", 3, "cannot be compared"),
        ("opt", 1, "condition"),
        ("a + 1", 3, "condition"),
        ("a b", 3, "and / or"),
        ("exp(a) > 1", 1, "no function"),
        ("max(a) > 1", 1, "at least 2"),
        ("a > 1e999", 5, "too large"),
        ("a > 'x", 5, "quote is not closed"),
        ("`zz` > 1", 1, "unknown name"),
        ("a > 1 ; b", 7, "did not expect"),
        ("opt + 1 > 2", 1, "is text"),
        ("1 < 2", 1, "names no parameter"),
        ("__import__('os').system('x') == 0", 17, ""),
        ("(" * 100 + "a" + ")" * 100 + " > 1", 41, "nested"),
        ("not " * 100 + "amp", 1, "nested"),
        ("a" + " + a" * 300 + " > 1", 0, "parts"),
    ],
)
def test_errors_say_where_and_why(text: str, at: int, part: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_constraint(text, KINDS, CHOICES)
    assert part in str(caught.value)
    if at:
        assert caught.value.at + 1 == at


def test_kinds_come_from_the_space() -> None:
    space = [
        Parameter("x", ParameterKind.FLOAT),
        Parameter("t", ParameterKind.CATEGORICAL, choices=("a", "b")),
        Parameter("n", ParameterKind.ORDINAL, choices=(1, 2)),
        Parameter("m", ParameterKind.CATEGORICAL, choices=(1, "b")),
        Parameter("f", ParameterKind.FIXED, value=True),
    ]
    kinds, choices = kinds_of(space)
    assert kinds == {"x": "number", "t": "text", "n": "number", "m": "any", "f": "truth"}
    assert choices["f"] == (True,)


WORDS = [
    *KINDS,
    *[
        "(",
        ")",
        "[",
        "]",
        "+",
        "-",
        "*",
        "**",
        "/",
        "//",
        "%",
        "<",
        ">=",
        "==",
        "!=",
        "=",
        ",",
        "and",
        "or",
        "not",
        "in",
        "true",
        "max",
        "min",
        "log",
        "sqrt",
        "abs",
    ],
    *[
        "0",
        "1e9",
        ".5",
        "64",
        "'sgd'",
        '"adam"',
        "`a`",
        "`",
        "é",
        "\x00",
        "\x1b",
        "\\",
        "'",
        "1_0",
        "1e999",
        "a.b",
        "2a",
    ],
    "x y",
    " ",
]
VALUES: list[dict[str, object]] = [
    {"a": 0, "b": -1.5, "weight-decay": 1e308, "lambda": 3, "val/acc": 1, "lr.max": 2, "my rate": 0,
     "opt": "sgd", "amp": True},
    {"a": "text", "b": True, "amp": 0, "opt": 3},
    {},
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=14))
@settings(max_examples=400)
def test_any_words_give_a_constraint_or_an_expression_error(words: list[str]) -> None:
    text = " ".join(words)
    try:
        found = compile_constraint(text, KINDS, CHOICES)
    except ExpressionError as error:
        assert 0 <= error.at <= len(text)  # noqa: PT017 - either outcome is right
        assert str(error).isprintable()  # noqa: PT017
        return
    for params in VALUES:
        assert found.holds(params) in (True, False)  # type: ignore[arg-type]


ARITHMETIC = ["+", "-", "*", "/", "//", "%", "**"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
NUMBERS = st.recursive(
    st.sampled_from(["a", "b", "weight-decay", "lambda", "val/acc", "2", "0", ".5", "1e9", "64"]),
    lambda part: (
        st.builds("({} {} {})".format, part, st.sampled_from(ARITHMETIC), part)
        | st.builds("{}({})".format, st.sampled_from(["abs", "log", "log10", "sqrt", "-"]), part)
        | st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), part, part)
    ),
    max_leaves=6,
)
RELATIONS = st.recursive(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(COMPARISONS), NUMBERS),
    lambda part: (
        st.builds("({} {} {})".format, part, st.sampled_from(["and", "or"]), part)
        | st.builds("not ({})".format, part)
    ),
    max_leaves=3,
)


@given(RELATIONS)
@settings(max_examples=200)
def test_every_relation_holds_or_does_not(text: str) -> None:
    found = compile_constraint(f"{text} or a < 1", KINDS, CHOICES)
    for params in VALUES:
        assert found.holds(params) in (True, False)  # type: ignore[arg-type]
