"""Changes made in the form keep the rest of the study's text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.tui.editor import edits, side
from hpo_tui.tui.editor.fields import field
from hpo_tui.tui.editor.form import FormTable, check, form_rows
from hpo_tui.tui.editor.history import TextHistory
from hpo_tui.tui.editor.values import read_value, show_field, show_value

TEXT = """\
# my study
[study]
name = "net"
command = "python train.py --lr {lr}"   # how it runs
budget = 10

[space.lr]
type = "float"
low = 1e-4   # from the paper
high = 0.1
log = true

[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]

[space.momentum]
type = "float"
low = 0.0
high = 0.99
when = { optimizer = ["sgd"] }

[[objective]]
metric = "accuracy"
direction = "maximize"

[[task]]
name = "short"
epochs = 5
cost = 0.5

[[task]]
name = "full"
epochs = 10
cost = 1
"""


def rows(text: str) -> dict[tuple[str | int, ...], str]:
    return {row.path: row.value for row in form_rows(check(text))}


def test_form_shows_every_part() -> None:
    shown = rows(TEXT)
    assert shown["space", "lr"].split() == ["float", "0.0001", "…", "0.1", "log"]
    assert "when optimizer = sgd" in shown["space", "momentum"]
    assert shown["task", 0] == "cost 0.5   epochs = 5"
    assert shown["study", "budget"] == "10"


def test_numbers_are_spelled_as_in_a_study_file() -> None:
    shown = rows(TEXT.replace("low = 1e-4", "low = 1e-6"))
    assert shown["space", "lr"].split()[1:4] == ["1e-6", "…", "0.1"]
    assert show_value([1e-05, 1e16, True]) == "1e-5, 1e16, true"


def test_names_that_are_cut_are_told_apart() -> None:
    names = [f"encoder.layers.attention.{n}" for n in ("dropout", "width")]
    text = TEXT + "".join(f'[space."{n}"]\ntype = "int"\nlow = 1\nhigh = 9\n' for n in names)
    table = FormTable(form_rows(check(text)), 60)
    labels = {table.cells(at)[1][0] for at in range(len(table))}
    assert {"encode…ntion.dropout", "encode…tention.width"} <= labels


def test_problem_stands_at_its_row() -> None:
    broken = TEXT.replace("high = 0.1", "high = 0.00001")
    marked = [row.path for row in form_rows(check(broken)) if row.problem]
    assert marked == [("space", "lr")]


def test_changing_a_value_keeps_comments() -> None:
    text, path = edits.apply_values(TEXT, ("space", "lr"), {"low": 1e-3, "log": None})
    assert path == ("space", "lr")
    assert "low = 0.001   # from the paper" in text
    assert "log = true" not in text
    assert check(text).problems == ()


def test_a_template_that_is_not_there_keeps_a_study_from_starting(tmp_path: Path) -> None:
    (tmp_path / "t.py").touch()
    checked = check(
        '[study]\nname = "a"\ncommand = "python t.py"\nbudget = 2\ntemplate = "net.json"\n'
        '[space.lr]\ntype = "float"\nlow = 0.1\nhigh = 1.0\n'
        '[[objective]]\nmetric = "loss"\ndirection = "minimize"\n'
    )
    own = tmp_path / ".hpo" / "a"
    assert "'net.json' is not found" in side.warning(checked, tmp_path, own)
    own.mkdir(parents=True)
    (own / "net.json").touch()
    assert side.warning(checked, tmp_path, own) == ""


def test_renaming_a_parameter_keeps_its_place_and_its_children() -> None:
    text, path = edits.apply_values(TEXT, ("space", "optimizer"), {"name": "opt"})
    spec = check(text).spec
    assert path == ("space", "opt")
    assert spec is not None
    assert [p.name for p in spec.space] == ["lr", "opt", "momentum"]
    assert spec.parameter("momentum").when == {"opt": ("sgd",)}


def test_renaming_a_parameter_leaves_its_comments_and_nothing_to_mend() -> None:
    text = TEXT.replace("[space.lr]", "# the step size\n[space.lr]  # as in the paper")
    renamed, _ = edits.apply_values(text, ("space", "lr"), {"name": "rate"})
    assert "# the step size\n[space.rate]  # as in the paper\n" in renamed
    assert check(renamed).problems == ()


def test_fidelity_values_are_one_field() -> None:
    held = edits.values_at(check(TEXT).data or {}, ("task", 0))
    assert held == {"name": "short", "cost": 0.5, "fidelity": {"epochs": 5}}
    text, _ = edits.apply_values(TEXT, ("task", 0), {"fidelity": {"steps": 3}})
    assert rows(text)["task", 0] == "cost 0.5   steps = 3"


def test_added_items_have_free_names() -> None:
    text, first = edits.add(TEXT, "space")
    text, second = edits.add(text, "space")
    assert (first, second) == (("space", "parameter"), ("space", "parameter_2"))
    assert check(text).problems == ()


def test_an_added_task_has_the_fidelity_values_of_the_last_one() -> None:
    text, path = edits.add(TEXT, "task")
    assert path == ("task", 2)
    assert not [p for p in check(text).problems if "epochs" in p.message]
    assert edits.values_at(check(text).data or {}, path)["fidelity"] == {"epochs": 10}
    bare, _ = edits.add(TEXT[: TEXT.index("[[task]]")], "task")
    assert 'name = "task"\ncost = 0.5' in bare


def test_duplicate_stands_below_its_original() -> None:
    text, path = edits.duplicate(TEXT, ("space", "lr"))
    spec = check(text).spec
    assert path == ("space", "lr_2")
    assert spec is not None
    assert [p.name for p in spec.space] == ["lr", "lr_2", "optimizer", "momentum"]
    text, path = edits.duplicate(TEXT, ("task", 0))
    assert path == ("task", 1)
    assert rows(text)["task", 1] == rows(text)["task", 0]


def test_items_move() -> None:
    spec = check(edits.move(TEXT, ("space", "momentum"), -2)).spec
    assert spec is not None
    assert [p.name for p in spec.space] == ["momentum", "lr", "optimizer"]


def test_undo_and_redo_walk_the_texts() -> None:
    history = TextHistory("a")
    assert history.change("b")
    assert not history.change("b")
    assert history.undo()
    assert not history.undo()
    assert history.redo()
    assert history.text == "b"
    history.undo()
    history.change("c")
    assert not history.redo()


@pytest.mark.parametrize(
    ("section", "key", "typed", "meant"),
    [
        ("space", "low", "1e-4", 1e-4),
        ("space", "low", " 3 ", 3),
        ("space", "low", "three", "three"),
        ("space", "log", "Yes", True),
        ("space", "log", "maybe", "maybe"),
        ("space", "choices", "sgd, adam", ["sgd", "adam"]),
        ("space", "choices", '16, "16", true, a b', [16, "16", True, "a b"]),
        ("space", "choices", '["a,b", 2]', ["a,b", 2]),
        ("space", "when", "opt = sgd, adam; amp = true", {"opt": ["sgd", "adam"], "amp": True}),
        ("space", "when", "opt", "opt"),
        ("space", "prior", "mean = -2; sd = 0.5", {"mean": -2, "sd": 0.5}),
        ("space", "prior", "{ mean = -2, sd = 0.5 }", {"mean": -2, "sd": 0.5}),
        ("space", "prior", "a = 2, b = 5", {"a": 2, "b": 5}),
        ("space", "when", '{ opt = ["sgd"], "a.b" = 1 }', {"opt": ["sgd"], "a.b": 1}),
        ("task", "fidelity", "data.n = 3", {"data.n": 3}),
        ("task", "fidelity", "data.n = 3; data.m = 4", {"data.n": 3, "data.m": 4}),
        ("study", "budget", "8h", "8h"),
        ("study", "budget", "40", 40),
        ("study", "command", "python a.py --x=3", "python a.py --x=3"),
        ("study", "command", '["python", "a.py"]', ["python", "a.py"]),
        ("study", "command", "[python", "[python"),
        ("study", "command", "[python, a.py, 3]", ["python", "a.py", "3"]),
        ("space", "low", ".5", 0.5),
        ("space", "high", "-1.e3", -1000.0),
        ("space", "choices", ".5, 1., a.b", [0.5, 1.0, "a.b"]),
        ("study", "template", '["a b.yaml", "b.yaml"]', ["a b.yaml", "b.yaml"]),
        ("resources", "gpus", "[0, 1]", [0, 1]),
        ("space", "when", "a.b = x=y", {"a.b": "x=y"}),
        ("study", "warm", "", None),
    ],
)
def test_typed_text_becomes_a_value(section: str, key: str, typed: str, meant: object) -> None:
    read = read_value(field(section, key), typed)
    assert read == meant
    assert type(read) is type(meant)


plain_values = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9), st.text(max_size=12)
)


@given(st.lists(plain_values, min_size=1, max_size=5))
def test_shown_choices_read_back(choices: list[object]) -> None:
    read = read_value(field("space", "choices"), show_value(choices))
    assert read == choices
    assert [type(v) for v in read] == [type(v) for v in choices]


@given(st.dictionaries(st.text(min_size=1, max_size=8), plain_values, min_size=1, max_size=3))
def test_a_shown_mapping_reads_back(values: dict[str, object]) -> None:
    when = field("space", "when")
    read = read_value(when, show_field(when, values))
    assert read == values
    assert [type(v) for v in read.values()] == [type(v) for v in values.values()]


@pytest.mark.parametrize("key", ["value", "default"])
@given(value=plain_values)
def test_a_shown_value_reads_back(key: str, value: object) -> None:
    one = field("space", key)
    read = read_value(one, show_field(one, value))
    if value != "":
        assert read == value
        assert type(read) is type(value)


@pytest.mark.parametrize(
    ("section", "key", "written"),
    [
        ("study", "command", ["python", "train.py", "--tag", "a, b"]),
        ("study", "command", "python train.py --lr {lr}"),
        ("study", "template", ["net.template.yaml", "net.yaml"]),
        ("study", "budget", "2 gpu-hours"),
        ("resources", "gpus", [0, 1]),
        ("resources", "gpus", "all"),
        ("resources", "timeout", "1h 30m"),
    ],
)
def test_a_shown_setting_reads_back(section: str, key: str, written: object) -> None:
    one = field(section, key)
    assert read_value(one, show_field(one, written)) == written


def test_a_text_with_a_date_can_be_edited() -> None:
    text = TEXT.replace("high = 0.99", "high = 1979-05-27\nstep = 07:32:00")
    assert text != TEXT
    copied, at = edits.duplicate(text, ("space", "momentum"))
    assert copied.count("1979-05-27") == copied.count("07:32:00") == 2
    assert at == ("space", "momentum_2")


@given(st.text(max_size=60))
def test_no_typed_text_breaks_the_form(typed: str) -> None:
    for key in ("choices", "when", "prior", "low", "log"):
        value = read_value(field("space", key), typed)
        try:
            text, _ = edits.apply_values(TEXT, ("space", "momentum"), {key: value})
        except edits.EditError:
            continue
        form_rows(check(text))


@pytest.mark.parametrize("text", ["space = 3", "objective = 'x'", "task = 1", "[task]\nname = 'a'"])
def test_nothing_is_added_to_a_section_of_another_shape(text: str) -> None:
    section = next(s for s in ("space", "objective", "task") if s in text)
    with pytest.raises(edits.EditError, match=f"{section} is not written as"):
        edits.add(text, section)


def test_a_list_may_hold_what_is_no_item() -> None:
    text = "objective = [{ metric = 'a' }, 3]\n"
    with pytest.raises(edits.EditError, match="edit it by hand"):
        edits.duplicate(text, ("objective", 0))


@pytest.mark.parametrize(
    "text", ["task = [{ name = 'a', cost = 1 }]", "space = { lr = { a = 1 } }"]
)
def test_the_last_entry_of_a_value_takes_its_key_along(text: str) -> None:
    path: tuple[str | int, ...] = ("task", 0) if "task" in text else ("space", "lr")
    assert edits.remove(f"x = 1\n{text}\ny = 2\n", path) == "x = 1\ny = 2\n"


@pytest.mark.parametrize("text", ["x[study]", "[" * 5000])
def test_what_is_no_toml_is_not_changed(text: str) -> None:
    with pytest.raises(edits.EditError, match="not valid TOML"):
        edits.add(text, "space")
    with pytest.raises(edits.EditError, match="not valid TOML"):
        edits.duplicate(text, ("space", "lr"))
