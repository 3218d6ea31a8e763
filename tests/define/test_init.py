"""Studies for scripts that were never seen: their options, tasks, metrics; nothing is changed."""

import os
import sys
import time
from pathlib import Path

import pytest

from hpo_tui.engine.define.script import command_words
from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec import Direction, ParameterKind
from hpo_tui.engine.spec.command import command_line, placeholder_values
from tests.define.conftest import draft


def test_the_first_example_of_every_framework(scripts: Path) -> None:
    made = draft(scripts, "digits.py")
    spec = made.spec
    assert [p.name for p in spec.space] == ["batch_size", "lr", "gamma"]
    assert spec.parameter("batch_size").choices == (16, 32, 64, 128, 256)
    lr = spec.parameter("lr")
    assert (lr.low, lr.high, lr.log) == (0.01, 10.0, True)
    assert [(t.name, t.fidelity) for t in spec.tasks] == [
        ("4 epochs", {"epochs": 4}),
        ("7 epochs", {"epochs": 7}),
        ("14 epochs", {"epochs": 14}),
    ]
    assert [o.metric for o in spec.objectives] == ["test_accuracy"]
    assert spec.objectives[0].direction is Direction.MAXIMIZE
    assert spec.start == ({"batch_size": 64, "lr": 1.0, "gamma": 0.7},)
    assert made.tried is not None
    assert made.tried.argv[-2:] == ("--seed", "0")
    assert {o.flag for o in made.left} == {
        "--test-batch-size", "--no-accel", "--dry-run", "--log-interval", "--save-model",
    }  # fmt: skip
    assert "took" in made.text


def test_choices_flags_and_their_opposites(scripts: Path) -> None:
    spec = draft(scripts, ["python", "forest.py", "wine"]).spec
    assert spec.command[:3] == ("python", "forest.py", "wine")
    assert spec.parameter("criterion").choices == ("gini", "entropy", "log_loss")
    params = {"bootstrap": False, "criterion": "gini"}
    off = command_line(spec, placeholder_values(spec, params, spec.tasks[0], "/t"))
    assert off[3:] == [
        "--criterion", "gini", "--no-bootstrap", "--n_estimators", "50", "--random_seed", "0",
    ]  # fmt: skip
    assert [o.metric for o in spec.objectives] == ["f1_macro"]


def test_two_parsers_one_after_the_other(scripts: Path) -> None:
    made = draft(scripts, "timmish.py", run=False)
    names = [p.name for p in made.spec.space]
    assert names[:3] == ["opt", "lr", "weight_decay"]
    assert "img_size" not in names
    assert made.spec.full_task.fidelity == {"epochs": 300}
    assert made.spec.objectives[0].metric == "eval_top1"
    assert "it was not seen in a run" in made.text


def test_nothing_is_trained_while_options_are_looked_for(scripts: Path) -> None:
    begin = time.monotonic()
    made = draft(scripts, "known_only.py", run=False)
    assert [p.name for p in made.spec.space] == ["learning_rate"]
    assert not (scripts / "trained.txt").exists()
    assert time.monotonic() - begin < 20


def test_click(scripts: Path) -> None:
    spec = draft(scripts, "clicky.py").spec
    layers = spec.parameter("layers")
    assert (layers.kind, layers.low, layers.high) == (ParameterKind.INT, 1, 4)
    assert spec.parameter("lr").high <= 1.0
    assert spec.parameter("layer_norm").choices == (False, True)
    assert (spec.objectives[0].metric, spec.objectives[0].direction) == ("val_loss", "minimize")


def test_an_option_of_click_that_may_be_given_often_is_no_number(scripts: Path) -> None:
    text = (scripts / "clicky.py").read_text()
    many = '"--layers", multiple=True, type=int, default=[64, 64])'
    (scripts / "clicky.py").write_text(
        text.replace('"--layers", type=click.IntRange(1, 6), default=2)', many)
    )
    spec = draft(scripts, "clicky.py", run=False).spec
    assert [p.name for p in spec.space] == ["lr", "act", "layer_norm"]


def test_the_value_of_the_first_run_is_the_one_that_trials_are_read_by(scripts: Path) -> None:
    (scripts / "boost.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.parse_args()\n"
        "print(\"[10]\\ttraining's auc: 0.99\\tvalid_1's auc: 0.81\")\n"
    )
    assert "The last value in a first run was 0.81." in draft(scripts, "boost.py").text


@pytest.mark.parametrize(
    ("printed", "offered"),
    [
        ("latency_ms=3.5 train_loss=0.4", "latency_ms"),
        ("size_kb=120", "size_kb"),
        ("nonzero_weights=1200", "nonzero_weights"),
        ("epoch_time=3.5 batch_size=32 lr=0.1 grad_norm=2", ""),
    ],
)
def test_a_second_goal_is_written_out_where_the_script_tells_of_a_price(
    tmp_path: Path, printed: str, offered: str
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\na = p.parse_args()\n"
        f"print('val_acc=0.9 {printed}')\n"
    )
    made = draft(tmp_path, "train.py")
    assert [o.metric for o in made.spec.objectives] == ["val_acc"]
    block = f'#   [[objective]]\n#   metric = "{offered}"\n#   direction = "minimize"\n'
    assert block in made.text if offered else "second goal" not in made.text


def test_a_sub_command_has_to_be_named(scripts: Path) -> None:
    with pytest.raises(ValueError, match=r"\(train, export\), such as .* grouped.py train$"):
        init("grouped.py", scripts)
    spec = draft(scripts, ["python", "grouped.py", "train"], run=False).spec
    assert spec.command[:3] == ("python", "grouped.py", "train")
    assert spec.parameter("lr").log


def test_values_on_the_command_line_are_the_defaults(scripts: Path) -> None:
    spec = draft(
        scripts, ["python", "digits.py", "--epochs", "40", "--lr=0.01", "--dry-run"], run=False
    ).spec
    assert [t.fidelity["epochs"] for t in spec.tasks] == [10, 20, 40]
    assert spec.parameter("lr").high == 0.1
    assert spec.command[2:6] == ("--epochs", "{epochs}", "--lr={lr}", "--dry-run")


def test_a_default_in_the_help_is_said_once(scripts: Path) -> None:
    (scripts / "said.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1, help='peak rate (default: %(default)s)')\n"
        "p.parse_args()\n"
    )
    assert "# --lr, default 0.1; peak rate\n" in draft(scripts, "said.py", run=False).text


def test_what_a_first_configuration_lacks_is_said(scripts: Path) -> None:
    (scripts / "zero.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\n"
        "p.add_argument('--wd', type=float, default=0.0)\np.parse_args()\n"
    )
    made = draft(scripts, "zero.py", run=False)
    assert made.spec.start == ({"lr": 0.1},)
    assert "Outside of their ranges, and so left out: wd = 0.0." in made.text


@pytest.mark.parametrize(
    ("command", "placed"),
    [
        (["python", "any.py", "--random-state", "3", "--lr", "0.1"], "--random-state {seed}"),
        (["python", "any.py", "trainer.seed=3", "lr=0.1", "data.seed=4"], "trainer.seed={seed}"),
    ],
)
def test_a_seed_is_that_of_the_repeat(scripts: Path, command: list[str], placed: str) -> None:
    (scripts / "any.py").write_text("import sys\nprint(sys.argv)\n", "utf-8")
    spec = draft(scripts, command, run=False).spec
    assert placed in " ".join(spec.command)
    assert "data.seed=4" in spec.command or len(command) == 6
    assert [p.name for p in spec.space] == ["lr"]


def test_a_value_on_the_command_line_tells_what_an_option_without_a_default_takes(
    scripts: Path,
) -> None:
    (scripts / "cli.py").write_text(
        "import argparse\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\n"
        "p.add_argument('--trainer.max_epochs', type=lambda t: t and int(t))\n"
        "p.parse_args()\n"
    )
    spec = draft(scripts, ["python", "cli.py", "--trainer.max_epochs", "8"], run=False).spec
    assert spec.full_task.fidelity == {"trainer.max_epochs": 8}
    assert [p.name for p in spec.space] == ["lr"]


def test_hydra(scripts: Path) -> None:
    spec = draft(scripts, "hydra_style/train.py", run=False).spec
    assert spec.name == "hydra_style"
    assert spec.parameter("optimizer").choices == ("adam", "sgd")
    assert spec.parameter("optimizer.momentum").when == {"optimizer": ("sgd",)}
    rate = spec.parameter("optimizer.lr")
    assert (rate.when, rate.low, rate.high) == ({}, 1e-5, 1.0)  # of 1e-3 with adam, 0.1 with sgd
    assert spec.full_task.fidelity == {"epochs": 16}
    params = {"optimizer": "sgd", "optimizer.momentum": 0.9}
    sgd = command_line(spec, placeholder_values(spec, params, spec.tasks[0], "/t"))
    assert sgd == [
        "python", "hydra_style/train.py", "optimizer=sgd", "optimizer.momentum=0.9", "epochs=4",
        "hydra.run.dir=/t/hydra",
    ]  # fmt: skip


def test_a_program_that_is_not_python(scripts: Path) -> None:
    made = draft(scripts, ["./boost.sh", "eta=0.3", "max_depth=6", "num_round=8"])
    assert made.spec.command == (
        "./boost.sh",
        "eta={eta}",
        "max_depth={max_depth}",
        "num_round={num_round}",
    )
    assert made.spec.objectives[0].metric == "eval-logloss"
    helped = draft(scripts, "helpful.sh")
    assert [p.name for p in helped.spec.space] == ["lr", "hidden", "optimizer"]
    assert helped.spec.full_task.fidelity == {"epochs": 12}


def test_a_script_that_fails_says_its_last_words(scripts: Path) -> None:
    made = draft(scripts, "broken.py")
    assert any("exit code 1: no data found: run prepare.py first" in a for a in made.advice)
    assert any("no metric was seen" in a for a in made.advice)


def test_a_script_that_never_ends_is_ended_with_its_children(scripts: Path) -> None:
    made = draft(scripts, "endless.py", timeout=8)
    assert made.spec.objectives[0].metric == "loss"
    assert any("stopped after 8 s" in a for a in made.advice)
    assert made.tried is not None
    child = int(next(line for line in made.tried.lines if line.startswith("child")).split()[1])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and _alive(child):
        time.sleep(0.02)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("command", ["nothere.py", "", [], ["  "]])
def test_what_is_not_there(scripts: Path, command: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"no nothere\.py|name a script"):
        init(command, scripts)


def test_what_is_no_script(scripts: Path) -> None:
    (scripts / "hydra_style/__main__.py").write_text("print('loss', 0.5)\n")
    for name in ("my.ipynb", "run.toml"):
        (scripts / name).write_text("")
    for word, said in (
        (
            "my.ipynb",
            "is a notebook: .*nbconvert --to script my.ipynb, and then hpo-tui init my.py",
        ),
        ("run.toml", "is no script: .*hpo-tui init -- python train.py run.toml$"),
        ("small_lm", "small_lm is a folder: name the script in it that trains$"),
        ("hydra_style", "is a folder.*, or -- python -m hydra_style$"),
        ("digit", 'there is no digit in .*did you mean "digits.py"'),
        ("digit.py", 'there is no digit.py in .*did you mean "digits.py"'),
    ):
        with pytest.raises(ValueError, match=said):
            init(word, scripts)


def test_a_program_that_is_not_there(scripts: Path) -> None:
    made = draft(scripts, ["./nothing", "lr=0.1"])
    assert any("could not be tried" in a for a in made.advice)


def test_a_script_with_nothing_to_search(scripts: Path) -> None:
    (scripts / "bare.py").write_text("print('hello')\n")
    made = draft(scripts, "bare.py")
    assert any("no parameter was found" in a for a in made.advice)
    assert "An example" in made.text
    (scripts / "bare.sh").write_text("#!/bin/sh\necho loss=0.5\n")
    (scripts / "bare.sh").chmod(0o755)
    told = draft(scripts, "bare.sh").advice[0]
    assert told.endswith("hpo-tui init --force -- ./bare.sh --lr 0.1")
    again = draft(scripts, told.partition(" -- ")[2].split())
    assert [p.name for p in again.spec.space] == ["lr"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--save", "--resume {resume} --save {checkpoint} in the command,\n"),
        ("--out-dir", "--resume {resume} --out-dir {checkpoint} in the command,\n"),
        ("--tag", "--resume {resume} in the command, and what it saves in {checkpoint},\n"),
    ],
)
def test_how_a_script_goes_on_is_said(scripts: Path, option: str, said: str) -> None:
    (scripts / "saves.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--resume')\n"
        f"p.add_argument('{option}')\np.add_argument('--lr', type=float, default=.1)\n"
        "p.parse_args()\n"
    )
    assert said in draft(scripts, "saves.py", run=False).text


def test_what_a_script_needs_is_said(scripts: Path) -> None:
    (scripts / "needy.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\n"
        "p.add_argument('--resume')\np.add_argument('--ckpt-dir', default='out')\n"
        "p.add_argument('--optimizer', choices=['SGD', 'AdamW'], default='SGD')\n"
        "p.add_argument('--momentum', type=float, default=.9)\n"
        "p.add_argument('--beta1', type=float, default=.9)\np.parse_args()\nprint('loss=1.5')\n"
    )
    made = draft(scripts, "needy.py")
    assert made.advice[0].endswith("python needy.py --data …")
    assert "--resume {resume} --ckpt-dir {checkpoint}" in made.text
    assert made.spec.parameter("momentum").when == {"optimizer": ("SGD",)}
    assert made.spec.parameter("beta1").when == {"optimizer": ("AdamW",)}
    assert made.spec.start == ({"optimizer": "SGD", "momentum": 0.9},)
    made = draft(scripts, ["python", "needy.py", "--data", "here"])
    assert made.advice == ()
    assert made.spec.objectives[0].metric == "loss"


def test_a_launcher_is_not_asked_for_its_options(scripts: Path) -> None:
    (scripts / "launcher").write_text(
        f"#!{sys.executable}\nimport argparse, runpy, sys\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=9.0)\np.add_argument('rest', nargs='...')\n"
        "a = p.parse_args()\nsys.argv = a.rest\nrunpy.run_path(a.rest[0], run_name='__main__')\n"
    )
    (scripts / "launcher").chmod(0o755)
    made = draft(scripts, ["./launcher", "forest.py"])
    assert made.spec.command[:2] == ("./launcher", "forest.py")
    assert "criterion" in [p.name for p in made.spec.space]
    assert made.spec.objectives[0].metric == "f1_macro"


def test_a_python_that_lacks_a_module_is_replaced(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = tmp_path / "bin" / "python"
    poor.parent.mkdir()
    poor.write_text(
        "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'torch'\" >&2\nexit 1\n"
    )
    poor.chmod(0o755)
    monkeypatch.setenv("PATH", f"{poor.parent}{os.pathsep}{os.environ['PATH']}")
    made = draft(scripts, "digits.py")
    assert made.spec.command[:2] == (sys.executable, "digits.py")
    assert "No module named 'torch'" in made.advice[0]
    assert made.spec.objectives[0].metric == "test_accuracy"


def test_how_a_script_is_started(scripts: Path) -> None:
    for name in ("forest.py", "./forest.py", "hydra_style/train.py"):
        (scripts / name).chmod(0o755)
        assert command_words([name, "x"], scripts) == ("python", name, "x")
    (scripts / "hydra_style/train.py").write_text("#!/usr/bin/env python\n")
    assert command_words(["hydra_style/train.py"], scripts) == ("hydra_style/train.py",)
    assert command_words(["boost.sh"], scripts) == ("./boost.sh",)
    (scripts / "plain.sh").write_text("#!/usr/bin/env bash\necho loss=0.5\n")
    assert command_words(["plain.sh", "x"], scripts) == ("bash", "plain.sh", "x")
    assert draft(scripts, "plain.sh").name == "plain"
    assert command_words(["python", "-m", "x"], scripts) == ("python", "-m", "x")


def test_hostile_help_and_output(scripts: Path) -> None:
    (scripts / "hostile.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=.1, help='\\x1b[31m [bold]\\n] x')\n"
        "p.parse_args()\nprint('\\x1b]0;title\\x07 loss=0.5')\nraise SystemExit('\\x1b[2J')\n"
    )
    made = draft(scripts, "hostile.py")
    assert "\x1b" not in made.text
    assert all("\x1b" not in a for a in made.advice)
    assert made.spec.objectives[0].metric == "loss"
