"""What is proposed while a filter is written."""

import pytest

from hpo_tui.engine.spec.expressions.filter import Filter
from hpo_tui.engine.spec.expressions.filter_completion import completions

NAMES = ["accuracy", "task", "optimizer", "momentum", "nesterov", "val/acc", "lr", "学習率"]
CHOICES = {
    "task": ("15 epochs", "60 epochs"),
    "optimizer": ("sgd", "adam", 'a "b" \\'),
    "nesterov": (True, False),
    "momentum": (0, 0.9),
}


@pytest.mark.parametrize(
    ("text", "start", "first"),
    [
        ("", 0, "accuracy"),
        ("acc", 0, "accuracy"),
        ("accuracy > .9 and opt", 18, "optimizer"),
        ("accuracy > .9 and ", 18, "accuracy"),
        ("`va", 0, "`val/acc`"),
        ("va", 0, "`val/acc`"),
        ("accuracy > 1 a", 13, "accuracy"),
        ("sq", 0, "sqrt("),
        ("学", 0, "学習率"),
        ("accuracy > .9 ", 14, "and"),
        ('task == "60 epochs" ', 20, "and"),
        ("task == ", 8, '"15 epochs"'),
        ("task == 60", 10, None),
        ('task == "60', 8, '"60 epochs"'),
        ("task = '6", 7, '"60 epochs"'),
        ("lr < 1 and optimizer != ad", 24, '"adam"'),
        ('optimizer in ["sgd", ', 21, '"sgd"'),
        ('optimizer not in ["sgd", "ad', 25, '"adam"'),
        ("nesterov == t", 12, "true"),
        ("momentum == ", 12, "0"),
        ("accuracy >= ", 12, "accuracy"),
        ("ad", 0, "adam"),
        ("lr > 1 and ad", 11, "adam"),
        ("not (ad", 5, "adam"),
        ("lr > ad", 5, None),
        ("adam ", 5, "and"),
        ("optimizer = adam ", 17, "and"),
    ],
)
def test_what_fits_is_proposed(text: str, start: int, first: str | None) -> None:
    found, proposed = completions(text, len(text), NAMES, CHOICES)
    assert (found, proposed[0] if proposed else None) == (start, first)


@pytest.mark.parametrize(
    "text",
    ["accuracy > 0.9", "accuracy > 1e-3", 'task == "60 epochs"', "`val/acc`", "lr ", "(lr < 1)",
     'accuracy == "0', 'optimizer in ["sgd" '],
)  # fmt: skip
def test_nothing_is_proposed_where_no_name_can_begin(text: str) -> None:
    assert completions(text, len(text), NAMES, CHOICES)[1] == []


def test_within_backticks_a_name_alone_is_proposed() -> None:
    for begun in ("`s", "`a", "accuracy > 1 and `n"):
        _, proposed = completions(begun, len(begun), NAMES, CHOICES)
        assert {p.strip("`") for p in proposed} <= set(NAMES), begun


def test_a_proposed_value_can_be_read() -> None:
    for line in completions("optimizer == ", 13, NAMES, CHOICES)[1]:
        Filter.parse(f"optimizer == {line}", NAMES, CHOICES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("accuracy > 1 and", []),  # what is written to its end is not proposed
        ("opt", ["optimizer"]),  # nor anything twice: it begins so, and holds it
        ("op", ["optimizer"]),
        ("sgd", ["sgd"]),
    ],
)
def test_nothing_is_proposed_that_is_there_already(text: str, found: list[str]) -> None:
    assert completions(text, len(text), NAMES, CHOICES)[1] == found


def test_a_value_that_two_names_can_have_or_that_is_a_name_says_nothing_alone() -> None:
    choices = {"first": ("shared", "lr", "own"), "second": ("shared",)}
    proposed = {word: completions(word, len(word), NAMES, choices)[1] for word in
                ("shared", "own")}  # fmt: skip
    assert proposed == {"shared": [], "own": ["own"]}
    assert completions("lr", 2, NAMES, choices)[1] == ["lr"]
