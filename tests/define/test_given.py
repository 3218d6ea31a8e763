"""What stands on the command line: options by any of their names, and words without one."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.given import with_given
from hpo_tui.engine.define.options import Found, Option
from tests.define.conftest import draft

SCRIPT = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("total_epochs", type=int)
p.add_argument("data", metavar="DIR")
p.add_argument("--lr", "--learning-rate", type=float, default=0.1)
p.add_argument("-b", "--batch-size", type=int, default=32)
p.add_argument("--amp", action="store_true")
args = p.parse_args()
for epoch in range(args.total_epochs):
    print(f"loss={1 / (epoch + args.batch_size):.3f}")
"""


@pytest.fixture
def here(scripts: Path) -> Path:
    (scripts / "placed.py").write_text(SCRIPT)
    return scripts


def test_a_word_that_stands_by_its_place_makes_runs_short(here: Path) -> None:
    made = draft(here, ["python", "placed.py", "--amp", "40", "-b", "8", "there"])
    assert made.advice == ()
    assert [t.name for t in made.spec.tasks] == ["10 epochs", "20 epochs", "40 epochs"]
    assert made.spec.command[:7] == (
        "python", "placed.py", "--amp", "{total_epochs}", "-b", "{batch_size}", "there",
    )  # fmt: skip
    assert made.tried is not None
    assert made.tried.argv[3] == "10"


def test_a_seed_that_stands_by_its_place_is_that_of_the_repeat(scripts: Path) -> None:
    (scripts / "seeded.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('seed', type=int)\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.parse_args()\n"
    )
    spec = draft(scripts, ["python", "seeded.py", "3"], run=False).spec
    assert spec.command[2] == "{seed}"


def test_a_word_like_the_name_of_one_by_its_place_is_a_word(scripts: Path) -> None:
    (scripts / "named.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.parse_args()\n"
    )
    made = draft(scripts, ["python", "named.py", "data=here"], run=False)
    assert made.spec.command == ("python", "named.py", "data=here", "--lr", "{lr}")
    assert [o.name for o in made.left] == ["data"]


def test_a_short_flag_gives_the_default(here: Path) -> None:
    command = ["python", "placed.py", "4", "there", "-b", "256", "--lr", "0.01"]
    spec = draft(here, command, run=False).spec
    assert spec.parameter("batch_size").choices == (64, 128, 256, 512, 1024)
    assert spec.start[0]["learning_rate"] == 0.01
    assert "--learning-rate" not in spec.command
    assert "--batch-size" not in spec.command


@pytest.mark.parametrize(
    "launcher",
    [
        ["python", "-m", "torch.distributed.launch", "--nproc_per_node", "2"],
        ["python3", "-m", "accelerate.commands.launch", "--num_processes=2"],
    ],
)
def test_the_script_behind_a_module_that_launches_it(here: Path, launcher: list[str]) -> None:
    spec = draft(here, [*launcher, "placed.py", "40", "there"], run=False).spec
    assert [p.name for p in spec.space] == ["learning_rate", "batch_size"]
    start = len(launcher) + 1
    assert spec.command[start : start + 2] == ("{total_epochs}", "there")


@pytest.mark.parametrize(
    ("words", "named", "example"),
    [
        ([], "total_epochs and data", "placed.py TOTAL_EPOCHS DATA"),
        (["8"], "data", "placed.py 8 DATA"),
    ],
)
def test_words_that_are_missing_are_named(
    here: Path, words: list[str], named: str, example: str
) -> None:
    (said,) = draft(here, ["python", "placed.py", *words]).advice
    assert said.startswith(f"the script needs {named}: ")
    assert said.endswith(f"python {example}")


def test_words_are_known_where_the_script_does_not_start(here: Path) -> None:
    (here / "placed.py").write_text(f"import a_module_that_is_nowhere\n{SCRIPT}")
    spec = draft(here, ["python", "placed.py", "40", "there"]).spec
    assert spec.command[2] == "{total_epochs}"
    assert spec.full_task.fidelity == {"total_epochs": 40}


def test_a_sub_command_is_no_word_of_an_option(scripts: Path) -> None:
    (scripts / "sub.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "fit = p.add_subparsers().add_parser('fit')\n"
        "fit.add_argument('epochs', type=int)\nfit.add_argument('--lr', type=float, default=0.1)\n"
        "p.parse_args()\n"
    )
    spec = draft(scripts, ["python", "sub.py", "fit", "40"], run=False).spec
    assert spec.command[2:4] == ("fit", "{epochs}")


def test_numbers_on_a_command_line_are_options_and_words_are_not(scripts: Path) -> None:
    (scripts / "own.py").write_text("import sys\nprint('loss', len(sys.argv))\n")
    made = draft(scripts, ["python", "own.py", "--lr", "0.1", "--data", "there"], run=False)
    assert [p.name for p in made.spec.space] == ["lr"]
    assert made.left == ()
    assert made.spec.command[2:] == ("--lr", "{lr}", "--data", "there")


def test_what_hydra_is_told_to_add_on_a_command_line_is_an_option(scripts: Path) -> None:
    (scripts / "own.py").write_text("import sys\nprint('loss', len(sys.argv))\n")
    words = ["python", "own.py", "+optim.lr=1e-3", "++trainer.max_epochs=20", "+data=there"]
    spec = draft(scripts, words, run=False).spec
    lr, epochs = "{optim.lr}", "{trainer.max_epochs}"
    assert spec.command[2:] == (f"+optim.lr={lr}", f"++trainer.max_epochs={epochs}", "+data=there")
    assert [t.fidelity["trainer.max_epochs"] for t in spec.tasks_by_cost] == [5, 10, 20]


@pytest.mark.parametrize("module", [["-m", "train"], ["-m", "torch.distributed.run", "train.py"]])
def test_words_are_counted_from_the_module_on(module: list[str], tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    epochs = Option("epochs", "epochs", "int", style="positional", required=True)
    (given,) = with_given(Found((epochs,)), ["python", *module, "40"], tmp_path).options
    assert (given.default, given.word) == (40, len(module) + 1)
