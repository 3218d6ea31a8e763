"""Scripts that ask the trial by themselves: what they ask for is what can be searched."""

import textwrap
from pathlib import Path

import pytest

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.preview import asks
from hpo_tui.engine.define.sources.client import asked
from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec.command import command_line, placeholder_values

ROOT = Path(__file__).parents[2]


def drafted(folder: Path, text: str, *, run: bool = False) -> Draft:
    (folder / "train.py").write_text(text, "utf-8")
    return init("train.py", folder, run=run)


@pytest.mark.parametrize("page", ["README.md", "docs/integrate.md"])
def test_the_three_lines_of_the_documentation_are_read(tmp_path: Path, page: str) -> None:
    blocks = (ROOT / page).read_text("utf-8").split("```python\n")[1:]
    lines = next(b.split("```")[0] for b in blocks if "trial.report" in b)
    made = drafted(tmp_path, textwrap.dedent(lines))
    spec = made.spec
    assert [(p.name, p.low, p.high, p.log) for p in spec.space] == [("lr", 0.001, 1.0, True)]
    assert [t.fidelity for t in spec.tasks] == [{"epochs": 3}, {"epochs": 5}, {"epochs": 10}]
    assert spec.command == ("python", "train.py")
    assert spec.start == ({"lr": 0.1},)
    assert made.advice == ()
    assert not spec.resume


def test_a_recipe_gets_its_study(tmp_path: Path) -> None:
    made = drafted(tmp_path, (ROOT / "examples/recipes/client/train.py").read_text("utf-8"))
    assert [p.name for p in made.spec.space] == ["lr", "decay"]
    assert [t.fidelity["epochs"] for t in made.spec.tasks] == [10, 20, 40]
    assert made.spec.resume
    params = {"lr": 1.0, "decay": 0.1}
    values = placeholder_values(made.spec, params, made.spec.tasks[0], "/t")
    assert command_line(made.spec, values) == [
        "python", "train.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('x = trial.params["lr"]', {"lr": None}),
        ('x = trial.params["lr"]\ny = trial.params.get("lr", 0.5)', {"lr": 0.5}),
        ('x = trial.params.get("lr", 0.5)\ny = trial.params["lr"]', {"lr": 0.5}),
        ('x = float(trial.params.get("lr", 1))', {"lr": 1}),
        ('p = {"lr": 0.1, "name": "sgd"} | trial.params', {"lr": 0.1, "name": "sgd"}),
        ("p = dict(lr=0.1, epochs=3) | trial.params | trial.fidelity", {"lr": 0.1, "epochs": 3}),
        ('p = trial.params\nn = build(p.get("depth", 2), p["width"])', {"depth": 2, "width": None}),
        (
            'p, f = trial.params, trial.fidelity\nf.get("epochs", 9), p["lr"]',
            {"epochs": 9, "lr": None},
        ),
        ('if (p := trial.params): lr = p.get("lr", 0.1)', {"lr": 0.1}),
        ('p = trial.params\nconfig = {"lr": 0.1} | p', {"lr": 0.1}),
        ('config = {"lr": 0.1, **trial.params}', {"lr": 0.1}),
        ('config = {**{"lr": 0.1}, **trial.params, **trial.fidelity}', {"lr": 0.1}),
        ('self.hp = trial.params\nself.lr = self.hp.get("lr", 0.1)', {"lr": 0.1}),
        (
            "def train(lr=0.1, *, width=8, name): ...\ntrain(**trial.params, name='a')",
            {"lr": 0.1, "width": 8},
        ),
        (
            "class Net:\n    def __init__(self, data, depth=2): ...\nNet(here, **trial.params)",
            {"depth": 2},
        ),
        (
            "def f(lr=0.1, epochs=3): ...\nf(**(trial.params | trial.fidelity))",
            {"lr": 0.1, "epochs": 3},
        ),
        ("def f(lr=0.1): ...\nf(**other)\nprint(**trial.params)", {}),
        ('p = other.params\nlr = p["lr"]\nc = {"lr": 0.1, **other}', {}),
        ('def f(trial):\n    return trial.params.get(name, 1), trial.suggest_int("n", 1, 3)', {}),
        ('print(trial.number | 3, {"a": 1} | other)', {}),
        ("x = (", {}),
    ],
)
def test_what_is_asked_for(line: str, found: dict[str, object]) -> None:
    options, resumes = asked(f"from hpo_tui import trial\n{line}")
    assert {o.name: o.default for o in options} == found
    assert not resumes


def test_only_the_client_is_asked() -> None:
    assert asked('import optuna\nlr = trial.params["lr"]') == ((), False)
    options, resumes = asked('from hpo_tui import trial as t\nt.params["lr"], t.resume')
    assert ([o.name for o in options], resumes) == (["lr"], True)


def test_what_the_task_is_asked_for_makes_the_tasks_whatever_its_name(tmp_path: Path) -> None:
    made = drafted(
        tmp_path,
        "from hpo_tui import trial\n"
        'lr, steps = trial.params.get("lr", 0.1), trial.params.get("steps", 100)\n'
        'pixels = trial.fidelity.get("pixels", 224)\n',
    )
    assert [t.fidelity for t in made.spec.tasks] == [
        {"pixels": 56}, {"pixels": 112}, {"pixels": 224},
    ]  # fmt: skip
    assert "pixels" not in [p.name for p in made.spec.space]


def test_nothing_is_said_of_a_command_that_is_not_asked(tmp_path: Path) -> None:
    made = drafted(
        tmp_path,
        'import json, os\nprint(json.load(open(os.environ["HPO_PARAMS"]))["params"]["lr"])\n',
    )
    assert made.advice == ("no parameter was found: write [space.NAME] tables by hand",)
    assert made.how == ""


@pytest.mark.parametrize(
    ("source", "whether"),
    [
        ("from hpo_tui import trial", True),
        ("from hpo_tui import (\n    engine,\n    trial,\n)", True),
        ("import os, trial", True),
        ("import hpo_tui.trial", True),
        ("os.environ['HPO_PARAMS']", True),
        ("import optuna\nlr = trial.params['lr']  # the best trial", False),
    ],
)
def test_who_asks_by_itself_is_known_by_the_client(
    tmp_path: Path, source: str, whether: bool
) -> None:
    """A word such as Optuna's ``trial`` is none."""
    (tmp_path / "train.py").write_text(source)
    assert asks(["python", "train.py"], tmp_path) is whether


def test_a_script_that_asks_for_the_length_alone_has_no_parameter_by_its_asking(
    tmp_path: Path,
) -> None:
    made = drafted(
        tmp_path, 'from hpo_tui import trial\nepochs = trial.fidelity.get("epochs", 12)\n'
    )
    assert made.how == ""
    assert made.advice == ("no parameter was found: write [space.NAME] tables by hand",)


def test_a_parameter_without_a_default_is_asked_of_the_reader(tmp_path: Path) -> None:
    made = drafted(
        tmp_path,
        "from hpo_tui import trial\n"
        'lr, words = trial.params.get("lr", 0.1), trial.params["words"]\n'
        'name = trial.params.get("name", "net")\n',
    )
    (said,) = made.advice
    assert said.startswith("the script asks the trial for words, and no default tells a range")
    assert "[space.words]" in said
