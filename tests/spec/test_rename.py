"""A parameter gets another name: its comments stay, and what names it follows."""

import tomllib

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.rename import rename_parameter
from hpo_tui.engine.spec.text.write import EditError

TEXT = '''\
[study]
name = "s"
command = """python train.py --lr {lr} --opt={opt}
    {?amp:--lr-scaling} {{lr}} {?!amp:--full}"""
budget = 3
constraints = [
    "lr < 0.5 and weight-decay < lr",  # lr is the larger one
    "opt == 'lr' or `lr` > 0.001",
]

[env]
LR = "{lr}"

# the step size
[space.lr]  # as the paper has it
type = "float"
low = 0.001  # lr below this: no progress
high = 1.0
when = { opt = ["sgd"] }
prior = { a = 2, b = 2 }

[space."weight-decay"]
type = "float"
low = 0.0
high = 0.1
when.lr-kind = ["lr"]

[space]
opt = { type = "categorical", choices = ["sgd", "lr"] }  # inline
lr-kind.type = "categorical"
lr-kind.choices = ["lr", "x"]
amp.type = "categorical"
amp.choices = [true, false]

[[objective]]
metric = "lr"
direction = "maximize"

[[start]]
lr = 0.1
opt = "sgd"
'''


def renamed(old: str, new: str) -> str:
    StudySpec.from_text(TEXT)
    text = rename_parameter(TEXT, old, new)
    StudySpec.from_text(text)
    return text


def test_its_table_keeps_place_and_comments_and_all_that_names_it_follows() -> None:
    text = renamed("lr", "learning_rate")
    expected = TEXT
    for before, after in (
        ("--lr {lr}", "--lr {learning_rate}"),
        ('"lr < 0.5 and ', '"learning_rate < 0.5 and '),
        ('weight-decay < lr"', 'weight-decay < learning_rate"'),
        ("or `lr` >", "or learning_rate >"),
        ('LR = "{lr}"', 'LR = "{learning_rate}"'),
        ("[space.lr]", "[space.learning_rate]"),
        ("lr = 0.1", "learning_rate = 0.1"),
    ):  # fmt: skip
        assert before in expected
        expected = expected.replace(before, after)
    assert text == expected


def test_a_parent_in_conditions_and_switches() -> None:
    assert "when = { `opt`" not in (text := renamed("opt", "optim.name"))
    assert 'when = { "optim.name" = ["sgd"] }' in text
    assert '"optim.name" = { type' in text
    assert "optim.name == 'lr'" in text
    assert "--opt={optim.name}" in text
    text = renamed("lr-kind", "kind")
    assert 'when.kind = ["lr"]' in text
    assert 'kind.type = "categorical"\nkind.choices' in text
    assert "{?mixed:--lr-scaling} {{lr}} {?!mixed:--full}" in renamed("amp", "mixed")


def test_a_name_that_is_no_word_stands_in_backticks() -> None:
    assert "weight-decay < `a b`" in renamed_words("lr", "a b")
    assert "`weight decay` < lr" in renamed("weight-decay", "weight decay")


def renamed_words(old: str, new: str) -> str:
    """Return a text whose command is a list: in one line of text a name must be one word."""
    words = '["python", "{lr}", "{opt}", "{?amp:--amp}"]'
    command = TEXT[TEXT.index('"""') : TEXT.rindex('"""') + 3]
    text = rename_parameter(TEXT.replace(command, words), old, new)
    assert tomllib.loads(text)["study"]["command"][1] == f"{{{new}}}"
    StudySpec.from_text(text)
    return text


@pytest.mark.parametrize(("old", "new"), [("nothing", "x"), ("lr", "opt")])
def test_what_cannot_be_renamed_is_refused(old: str, new: str) -> None:
    with pytest.raises(EditError):
        rename_parameter(TEXT, old, new)
