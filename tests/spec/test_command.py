import json
import os
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from hpo_tui.engine.spec import StudySpec, Value
from hpo_tui.engine.spec.command import (
    command_line,
    environment,
    fill_template,
    placeholder_values,
    shell_line,
)

HEAD = """\
[study]
name = "s"
budget = 5
command = {command}
[space.lr]
type = "float"
low = 0.001
high = 1
[space.name]
type = "categorical"
choices = ["a b", 'q"uo\\te', "ünï ☃", "-x", "", "$HOME;rm"]
[space.amp]
type = "categorical"
choices = [true, false]
[space.momentum]
type = "float"
low = 0
high = 1
when = {{ amp = true }}
[[objective]]
metric = "y"
direction = "minimize"
[[task]]
name = "quick one"
epochs = 3
cost = 0.1
[[task]]
name = "full"
epochs = 30
cost = 1
"""


def argv(command: str, params: dict[str, Value], **special: object) -> list[str]:
    spec = StudySpec.from_text(HEAD.format(command=command))
    values = placeholder_values(spec, params, spec.tasks[0], "/t/1", **special)  # type: ignore[arg-type]
    return command_line(spec, values)


@pytest.mark.parametrize(
    ("command", "params", "expected"),
    [
        ('"p --lr {lr} -e {epochs}"', {"lr": 0.01}, ["p", "--lr", "0.01", "-e", "3"]),
        ('"p --lr={lr}"', {"lr": 1e-5}, ["p", "--lr=1e-05"]),
        ('"p --momentum {momentum} x"', {}, ["p", "x"]),
        ('"p --momentum={momentum} x"', {}, ["p", "x"]),
        ('"p opt.momentum={momentum} x"', {}, ["p", "x"]),
        ('"p --betas {momentum} {lr}"', {"lr": 0.5}, ["p", "0.5"]),
        ('"p in {momentum} out"', {}, ["p", "in", "out"]),
        ('"p {?amp:--amp} {?!amp:--no-amp}"', {"amp": True}, ["p", "--amp"]),
        ('"p {?amp:--amp} {?!amp:--no-amp}"', {"amp": False}, ["p", "--no-amp"]),
        ('"p --amp {amp}"', {"amp": False}, ["p", "--amp", "false"]),
        ('"p --amp {amp} {lr}"', {"amp": 1, "lr": 1}, ["p", "--amp", "true", "1.0"]),
        ('"p {{lr}} {lr}"', {"lr": 0.5}, ["p", "{lr}", "0.5"]),
        ("'p \"two words\" {task}'", {}, ["p", "two words", "quick one"]),
        ('["p", "a b", "{lr}"]', {"lr": 0.5}, ["p", "a b", "0.5"]),
        ('"p --resume {resume} --out {checkpoint}"', {}, ["p", "--out", "/t/1/checkpoint"]),
        ('"p {trial_dir} {params_file} {seed}"', {}, ["p", "/t/1", "/t/1/params.json", "0"]),
    ],
)
def test_words(command: str, params: dict[str, Value], expected: list[str]) -> None:
    assert argv(command, params) == expected


@pytest.mark.parametrize("name", ["a b", 'q"uo\\te', "ünï ☃", "-x", "", "$HOME;rm"])
def test_a_value_is_one_argument_whatever_it_holds(name: str) -> None:
    assert argv('"p --name {name} --n={name}"', {"name": name}) == [
        "p",
        "--name",
        name,
        f"--n={name}",
    ]


def test_fixed_parameters_are_filled_in() -> None:
    text = HEAD.format(command='"p --depth {depth}"') + '[space.depth]\ntype = "fixed"\nvalue = 3\n'
    spec = StudySpec.from_text(text)
    values = placeholder_values(spec, {"lr": 0.5}, spec.tasks[0], "/t")
    assert command_line(spec, values) == ["p", "--depth", "3"]


def test_a_promotion_resumes() -> None:
    found = argv('"p --resume {resume}"', {}, resume="/t/0/checkpoint", seed=4, trial=7)
    assert found == ["p", "--resume", "/t/0/checkpoint"]


def test_wildcards_in_a_checkpoint_find_the_newest_that_fits(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]" / "checkpoint"
    for n, name in enumerate(("checkpoint-500", "checkpoint-1000", "checkpoint-20", "best")):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (100 * min(n, 1), 100 * min(n, 1)))
    command = '"p --resume={resume}/checkpoint-* --keep {trial_dir}/*"'
    kept = ["--keep", "/t/1/*"]
    assert argv(command, {}) == ["p", *kept]
    found = argv(command, {}, resume=folder)
    assert found == ["p", f"--resume={folder}/checkpoint-1000", *kept]
    os.utime(folder / "checkpoint-20", (200, 200))
    found = argv(command, {}, resume=folder)
    assert found == ["p", f"--resume={folder}/checkpoint-20", *kept]
    none = argv('"p --resume {resume}/*.ckpt"', {}, resume=folder)
    assert none == ["p", "--resume", f"{folder}/*.ckpt"]


def test_environment() -> None:
    text = (
        HEAD.format(command='"p"') + '[env]\nLR = "{lr}"\nMOM = "{momentum}"\nN = 3\nB = "{{x}}"\n'
    )
    spec = StudySpec.from_text(text)
    values = placeholder_values(spec, {"lr": 0.5}, spec.tasks[0], "/t")
    assert environment(spec, values) == {"LR": "0.5", "N": "3", "B": "{x}"}


def by_hand(command: str, params: dict[str, Value], more: str = "") -> str:
    spec = StudySpec.from_text(HEAD.format(command=command) + more)
    values = placeholder_values(spec, params, spec.tasks[1], "/t/1", seed=2, trial=1)
    return shell_line(spec, spec.tasks[1], values)


def test_a_line_to_run_by_hand_has_no_placeholder_left() -> None:
    line = by_hand(
        "'p --lr {lr} --name {name} {?amp:--amp} --momentum {momentum} -e {epochs} --seed {seed}"
        " --save {checkpoint} --resume {resume} --out {trial_dir}/x {params_file}'",
        {"lr": 0.5, "name": "a b", "amp": False},
    )
    said = "--lr 0.5 --name 'a b' -e 30 --seed 2 --save rerun-1/checkpoint --out rerun-1/x"
    assert line == f"mkdir -p rerun-1/checkpoint && p {said} /t/1/params.json"


def test_a_line_to_run_by_hand_saves_to_a_folder_of_its_own() -> None:
    """Without a place to save to, a script that demands one would not start."""
    said = '"p {params_file} {checkpoint}/model.pt"'
    made = "mkdir -p rerun-1 && "
    assert by_hand(said, {}) == f"{made}p /t/1/params.json rerun-1/model.pt"
    save = '[env]\nSAVE = "{checkpoint}"\n'
    assert by_hand('"p {params_file}"', {}, save) == f"{made}SAVE=rerun-1 p /t/1/params.json"
    own = '[space.checkpoint]\ntype = "fixed"\nvalue = "a.pt"\n'
    assert by_hand('"p {params_file} {checkpoint}"', {}, own) == "p /t/1/params.json a.pt"


def test_a_line_to_run_by_hand_writes_nothing_over_the_trials_files() -> None:
    """But it reads there what is nowhere else."""
    made = "mkdir -p rerun-1 && "
    logs = '[env]\nLOGS = "{trial_dir}"\n'
    assert by_hand('"p {params_file}"', {}, logs) == f"{made}LOGS=rerun-1 p /t/1/params.json"
    said = '"p {trial_dir}/params.json -o={trial_dir}/b --config {trial_dir}/c.yaml {epochs}"'
    template = f'{said}\ntemplate = ["c.yaml.in", "c.yaml"]'
    files = "/t/1/params.json -o=rerun-1/b --config"
    assert by_hand(template, {}) == f"{made}p {files} /t/1/c.yaml 30"
    read = '"p --config {trial_dir}/c.yaml"\ntemplate = ["c.yaml.in", "c.yaml"]'
    assert by_hand(read, {}) == "p --config /t/1/c.yaml"  # it writes nothing: no folder is made
    own = '[space.trial_dir]\ntype = "fixed"\nvalue = "mine"\n'
    assert by_hand('"p {params_file} {trial_dir}"', {}, own) == "p /t/1/params.json mine"


def test_a_line_to_run_by_hand_gives_what_the_command_does_not_say() -> None:
    params: dict[str, Value] = {"lr": 0.5, "name": "$HOME;rm", "amp": True}
    assert by_hand('"p"', params) == "HPO_PARAMS=/t/1/params.json HPO_SEED=2 p"
    said = '"p {lr} {?amp:--amp} {epochs} {momentum}"'
    assert by_hand(said, params, '[env]\nN = "{name}"\n') == "N='$HOME;rm' p 0.5 --amp 30"


def test_templates_leave_other_braces_alone() -> None:
    values: dict[str, Value] = {"lr": 0.5, "name": 'q"x', "amp": True}
    known = ["lr", "name", "momentum", "amp"]
    text = '{"lr": {lr}, "n": "{name}", "m": {momentum}, "amp": {amp}, "z": {"a": 1}}\n'
    assert fill_template(text, values, "c.json", known) == (
        '{"lr": 0.5, "n": "q\\"x", "m": null, "amp": true, "z": {"a": 1}}\n'
    )
    lines = "lr: {lr}\nmomentum: {momentum}\nother: {keep}\n"
    assert fill_template(lines, values, "c.yaml", known) == "lr: 0.5\nother: {keep}\n"


@pytest.mark.parametrize("value", [1e-05, 2.5e-07, 1e16, 0.1, 3.0, 12, -1e-06])
@pytest.mark.parametrize("suffix", ["yaml", "yml", "json", "toml"])
def test_a_number_in_a_file_is_read_as_the_same_number(value: float, suffix: str) -> None:
    """PyYAML takes 1e-05 for a text."""
    text = {"json": '{"lr": {lr}}', "toml": "lr = {lr}"}.get(suffix, "lr: {lr}")
    filled = fill_template(text, {"lr": value}, f"c.{suffix}", ["lr"])
    read = {"json": json.loads, "toml": tomllib.loads}.get(suffix, yaml.safe_load)
    assert read(filled)["lr"] == value
    assert type(read(filled)["lr"]) is type(value)
