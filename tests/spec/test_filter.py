import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.spec.expressions.filter import ExpressionError, Filter

COLUMNS = {
    "accuracy": np.array([0.97, 0.95, np.nan, 0.99]),
    "task": np.array(["60 epochs", "15 epochs", "60 epochs", "60 epochs"], object),
    "optimizer": np.array(["adam", "sgd", None, "sgd"], object),
    "momentum": np.array([None, 0.9, None, 0.5], object),
    "nesterov": np.array([True, False, None, True], object),
    "val/acc": np.array([1, 2, 3, 4]),
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('accuracy > .96 and task == "60 epochs" and optimizer == "adam"', [0]),
        ("accuracy > .96", [0, 3]),
        ("not accuracy > .96", [1, 2]),
        ("accuracy != .97", [1, 3]),
        ("optimizer != 'adam'", [1, 3]),
        ("optimizer in ['sgd', 'lamb']", [1, 3]),
        ("momentum >= .5 or nesterov", [0, 1, 3]),
        ("nesterov == true", [0, 3]),
        ("nesterov", [0, 3]),
        ("val/acc * 2 - 1 > 3 and 1 < val/acc <= 3", [2]),
        ("max(accuracy, momentum) >= .95", [1, 3]),
        ("log10(val/acc) < .4", [0, 1]),
        ("1 / (val/acc - 1) > .4", [0, 1, 2]),
        ("task == optimizer", []),
    ],
)
def test_masks(text: str, rows: list[int]) -> None:
    mask = Filter.parse(text, COLUMNS).mask(COLUMNS)
    assert mask.dtype == bool
    assert list(np.flatnonzero(mask)) == rows


def test_a_column_that_is_not_there_matches_nothing() -> None:
    kept = {"accuracy": COLUMNS["accuracy"]}
    assert not Filter.parse("optimizer == 'sgd'", COLUMNS).mask(kept).any()
    assert not Filter.parse("momentum < 2", COLUMNS).mask(kept).any()


def test_no_rows() -> None:
    empty = {"accuracy": np.array([])}
    assert len(Filter.parse("accuracy > 1 or accuracy in [2]", empty).mask(empty)) == 0


def test_the_columns_that_are_needed() -> None:
    assert Filter.parse("accuracy > .9 and nesterov", COLUMNS).names == {"accuracy", "nesterov"}


def test_errors_name_the_nearest() -> None:
    with pytest.raises(ExpressionError, match='did you mean "accuracy"'):
        Filter.parse("acuracy > .9", COLUMNS)


def test_numpy_is_imported_only_for_masks() -> None:
    code = (
        "import sys; from hpo_tui.engine.spec.expressions.filter import Filter; "
        "Filter.parse('a > 1', ['a']); assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@given(
    st.lists(
        st.sampled_from(
            [
                *COLUMNS,
                "(",
                ")",
                "+",
                "*",
                "/",
                "**",
                "<",
                ">=",
                "==",
                "!=",
                "and",
                "or",
                "not",
                "in",
                "['sgd', 1]",
                "1",
                "0",
                ".5",
                "'sgd'",
                "true",
                "max(1, 2)",
                "log(0)",
            ]
        ),
        max_size=11,
    )
)
@settings(max_examples=300)
def test_any_filter_gives_a_mask_or_an_expression_error(words: list[str]) -> None:
    try:
        found = Filter.parse(" ".join(words), COLUMNS)
    except ExpressionError:
        return
    assert found.mask(COLUMNS).shape == (4,)
    assert found.mask({}).shape == (1,)


WORDS = {"state": ["complete", "failed"], "optimizer": ["sgd", "adam"], "tag": ["sgd", "keep"]}
WORD_COLUMNS = {
    "state": np.array(["complete", "failed", "failed"], object),
    "optimizer": np.array(["sgd", "sgd", "adam"], object),
    "tag": np.array(["keep", None, None], object),
    "lr": np.array([0.1, 0.2, 0.3]),
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("state = failed", [1, 2]),
        ("state != failed or lr > .25", [0, 2]),
        ("optimizer in [adam, sgd] and lr < .15", [0]),
        ("failed", [1, 2]),
        ("failed and optimizer = sgd", [1]),
        ("not (failed or keep)", []),
        ("adam or keep", [0, 2]),
    ],
)
def test_values_need_no_quotes(text: str, rows: list[int]) -> None:
    kinds = dict.fromkeys(WORDS, "text") | {"lr": "number"}
    mask = Filter.parse(text, kinds, WORDS).mask(WORD_COLUMNS)
    assert np.flatnonzero(mask).tolist() == rows


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("sgd", "say of what: optimizer = sgd or tag = sgd"),
        ("state = adam", '"adam" is no value of state'),
        ("state in [1e5]", '"1e5" is no value of state'),
        ("failed > 1", "cannot be compared"),
        ("lr = failed", "cannot be compared"),
        ('"failed"', "must be a condition"),
        ("faild", "unknown name"),
    ],
)
def test_values_without_quotes_that_say_too_little(text: str, part: str) -> None:
    kinds = dict.fromkeys(WORDS, "text") | {"lr": "number"}
    with pytest.raises(ExpressionError, match=part):
        Filter.parse(text, kinds, WORDS)
