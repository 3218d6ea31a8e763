"""Commands of W&B's sweeps: a trial runs what an agent would."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from hpo_tui.engine.define.wandb.command import (
    Commanded,
    arguments_file,
    commanded,
    sweep_file,
    tree,
)
from hpo_tui.engine.define.wandb.file import sweep_of
from hpo_tui.engine.define.wandb.space import Swept, swept
from hpo_tui.engine.spec import Value
from hpo_tui.engine.spec.command import fill_template, fill_words

PARAMETERS: dict[str, Any] = {
    "lr": {"min": 1e-6, "max": 0.1},
    "opt": {"values": ["sgd", "a dam", 'q"uo\\te', "no", "12"]},
    "amp": {"values": [True, False]},
    "fixed": {"value": True},
    "model": {"parameters": {"width": {"values": [8, 16]}, "act": {"values": ["relu", "tanh"]}}},
}
VALUES: dict[str, Value] = {
    "lr": 1e-5, "opt": "a dam", "amp": False, "fixed": True, "model.width": 16, "model.act": "relu",
    "trial_dir": "/t",
}  # fmt: skip
NESTED = '{"width": 16, "act": "relu"}'


def made(command: list[str] | None, parameters: dict[str, Any] | None = None) -> Commanded:
    given = {"method": "bayes", "parameters": parameters or PARAMETERS, "program": "my train.py"}
    sweep = sweep_of(given | ({"command": command} if command else {}), "sweep.yaml")
    # A folder without an environment of its own, wherever the tests are.
    return commanded(sweep, swept(sweep.parameters, filed=True), Path("/"))


def words(command: list[str] | None, **other: Value) -> list[str]:
    return fill_words(made(command).words, {**VALUES, **other})


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")


def test_without_a_command_arguments_follow_the_program() -> None:
    expected = ["python", "my train.py", "--lr=1e-05", "--opt=a dam", "--amp=False", "--fixed=True"]
    assert words(None) == [*expected, f"--model={NESTED}"]
    assert words(None, amp=True)[4] == "--amp=True"
    assert ast.literal_eval(words(None)[-1].removeprefix("--model=")) == json.loads(NESTED)


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("args_no_hyphens", ["lr=1e-05", "opt=a dam", "amp=False", "fixed=True"]),
        ("args_append_hydra", ["+lr=1e-05", "+opt=a dam", "+amp=False", "+fixed=True"]),
        ("args_override_hydra", ["++lr=1e-05", "++opt=a dam", "++amp=False", "++fixed=True"]),
        (
            "args_no_equals",
            ["--lr", "1e-05", "--opt", "a dam", "--amp", "False", "--fixed", "True", "--model"],
        ),
        ("args_no_boolean_flags", ["--lr=1e-05", "--opt=a dam", "--fixed", f"--model={NESTED}"]),
    ],
)
def test_each_form_of_arguments(macro: str, expected: list[str]) -> None:
    found = words(["${env}", "${interpreter}", "${program}", "fit", f"${{{macro}}}"])
    assert found[:3] == ["python", "my train.py", "fit"]
    assert found[3 : 3 + len(expected)] == expected
    assert found[-1].endswith(NESTED)


def test_a_flag_that_is_true() -> None:
    assert "--amp" in words(["x", "${args_no_boolean_flags}"], amp=True)


def test_arguments_in_json() -> None:
    (found,) = words(["${args_json}"])
    assert json.loads(found) == {
        "lr": 1e-5, "opt": "a dam", "amp": False, "fixed": True,
        "model": {"width": 16, "act": "relu"},
    }  # fmt: skip


def test_arguments_in_a_file_of_json() -> None:
    command = made(["x", "${args_json_file}"])
    assert fill_words(command.words, VALUES) == ["x", "/t/sweep-args.json"]
    assert command.filed
    text = arguments_file(tree(swept(PARAMETERS, filed=True)))
    filled = fill_template(text, {**VALUES, "opt": 'q"uo\\te'}, "a.json", [*VALUES])
    assert json.loads(filled)["opt"] == 'q"uo\\te'
    assert json.loads(filled)["model"] == {"width": 16, "act": "relu"}


def test_other_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.delenv("NOWHERE", raising=False)
    command = made(["${env}", "A=1", "x", "--d=${envvar:DATA}/{a}", "${envvar:NOWHERE}", "${huh}"])
    assert fill_words(command.words, VALUES) == [
        "/usr/bin/env", "A=1", "x", "--d=/data/{a}", "NOWHERE",
    ]  # fmt: skip
    assert not command.told
    assert command.advice == [
        "${envvar:DATA}: the command has its present value",
        "${envvar:NOWHERE}: it is not set here, and the command has its mere name",
        "the command has ${huh}, which is left out: W&B has none",
    ]  # fmt: skip


ODD: dict[str, Any] = {
    "a b": {"values": [None, 0.1, 1e-7]},
    "on": {"values": ["yes", "1e-3", "null", 'x: "y" # z', "a\\b", "ü"]},
    "mixed": {"values": [0, "auto", True]},
    "layers": {"values": [[64, 64], ["a", "b"], {"deep": [1, None]}, [1e-7]]},
    "flag": {"values": [False, True]},
    "one": {"value": None},
    "n": {"parameters": {"deep": {"parameters": {"x": {"values": [1, 2]}}}}},
}


@pytest.mark.parametrize("nth", range(6))
def test_the_file_of_a_trial_holds_what_the_sweep_would(nth: int) -> None:
    parameters = swept(ODD, filed=True)
    assert not any(p.remark for p in parameters)
    text = sweep_file(tree(parameters))
    values: dict[str, Value] = {}
    expected: dict[str, Any] = {"wandb_version": 1}
    for parameter in parameters:
        choice, value = _nth(parameter, nth)
        values[parameter.name] = choice
        at = expected.setdefault(parameter.path[0], {"value": {}})
        for name in parameter.path[1:-1]:
            at = at.get("value", at)
            at = at.setdefault(name, {})
        at["value" if len(parameter.path) == 1 else parameter.path[-1]] = value
    found = yaml.safe_load(fill_template(text, values, "w.yaml", [*values]))
    assert found == expected
    assert isinstance(found["flag"]["value"], bool)
    assert isinstance(found["on"]["value"], str)


def _nth(parameter: Swept, nth: int) -> tuple[Value, Any]:
    """The n-th value of a parameter, as the study and as the sweep have it."""
    entry: Any = ODD
    for name in parameter.path[:-1]:
        entry = entry[name]["parameters"]
    entry = entry[parameter.path[-1]]
    values = entry.get("values", [entry.get("value")])
    nth %= len(values)
    return parameter.written.choices[nth], values[nth]


def test_texts_beside_other_values_have_quotes_where_they_need_them() -> None:
    (found,) = swept({"x": {"values": ["1", 2, "a: b", "it's", "auto"]}}, filed=True)
    assert found.written.choices == ("'1'", 2, "'a: b'", "it's", "auto")
    assert "is written with quotes" in found.remark
    (found,) = swept({"x": {"values": ["1", 2]}}, filed=False)
    assert found.written.choices == ("1", 2)
    with pytest.raises(ValueError, match=r"^parameters\.x has the value .*which no file can hold"):
        swept({"x": {"values": ["a\\b: c", 2]}}, filed=True)


def test_true_and_false_beside_others_are_texts() -> None:
    """Else a study, which keeps its values in SQLite, shows them as 1 and 0."""
    for filed, choices in ((True, ("true", "false", "null")), (False, ("True", "False", "None"))):
        (found,) = swept({"x": {"values": [True, False, None]}}, filed=filed)
        assert found.written.choices == choices
        assert not found.remark
    (found,) = swept({"x": {"values": [1, True]}}, filed=True)
    assert found.written.choices == (1, "true")
