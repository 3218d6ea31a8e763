"""A Hydra script whose configuration states a sweep: its ranges are searched, not guesses."""

import json
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.start import init
from hpo_tui.engine.define.sweeper import hydra_sweep
from hpo_tui.engine.spec import StudySpec

SCRIPT = """
import hydra
@hydra.main(version_base=None, config_path="conf", config_name="train")
def main(cfg):
    print(f"epoch {1} val/acc={0.5}")
main()
"""
FILES = {
    "train.yaml": "defaults:\n  - model: mlp\nlr: 0.1\nbatch: 64\nmax_epochs: 12\nseed: 1\n",
    "model/mlp.yaml": "depth: 2\n",
    "hparams/mnist.yaml": """
optimized_metric: val/acc
hydra:
  mode: MULTIRUN
  sweeper:
    direction: maximize
    n_trials: 20
    params:
      lr: tag(log, interval(0.0001, 0.1))
      batch: choice(32, 64, 128)
      model.depth: range(1, 4)
      model.act: relu, gelu
      odd: glob(*)
      same: choice(3)
""",
}


def project(folder: Path, **files: str) -> None:
    (folder / "train.py").write_text(SCRIPT)
    for name, text in (FILES | {k.replace("__", "/"): v for k, v in files.items()}).items():
        place = folder / "conf" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def drafted(folder: Path, *words: str) -> Draft:
    made = init(("python", "train.py", *words), folder, run=False)
    assert StudySpec.from_text(made.text) == made.spec
    return made


def test_the_sweep_that_the_command_chooses_is_the_study(tmp_path: Path) -> None:
    project(tmp_path)
    made = drafted(tmp_path, "-m", "hparams=mnist")
    spec = made.spec
    found = {p.name: (str(p.kind), p.choices or (p.low, p.high), p.log) for p in spec.space}
    assert found == {
        "lr": ("float", (0.0001, 0.1), True),
        "batch": ("ordinal", (32, 64, 128), False),
        "model.depth": ("int", (1, 4), False),
        "model.act": ("categorical", ("relu", "gelu"), False),
    }
    assert spec.command[:4] == ("python", "train.py", "hparams=mnist", "hydra.mode=RUN")
    assert set(spec.command[4:]) == {
        "lr={lr}", "batch={batch}", "model.depth={model.depth}", "model.act={model.act}",
        "max_epochs={max_epochs}", "seed={seed}", "hydra.run.dir={trial_dir}/hydra",
    }  # fmt: skip
    assert [t.fidelity for t in spec.tasks] == [{"max_epochs": n} for n in (3, 6, 12)]
    assert (spec.budget.amount, spec.objectives[0].metric) == (20, "val/acc")
    assert str(spec.objectives[0].direction) == "maximize"
    assert spec.start == ({"lr": 0.1, "batch": 64, "model.depth": 2},)
    (advice,) = made.advice
    assert advice == "odd in mnist.yaml could not be read (glob(*)): write [space.odd] by hand"
    assert "guesses" not in made.text


def test_without_the_sweep_ranges_are_guessed_as_before(tmp_path: Path) -> None:
    project(tmp_path)
    made = drafted(tmp_path)
    assert "guesses" in made.text
    assert made.spec.command[:2] == ("python", "train.py")
    assert not any(w.startswith("hydra.mode") for w in made.spec.command)


def test_a_sweep_over_the_length_leaves_no_cheap_tasks(tmp_path: Path) -> None:
    sweep = "hydra:\n  sweeper:\n    params:\n      max_epochs: range(5, 50, 5)\n"
    project(tmp_path, **{"train.yaml": f"lr: 0.1\nmax_epochs: 12\n{sweep}"})
    spec = drafted(tmp_path, "--multirun").spec
    assert [(p.name, p.low, p.high, p.step) for p in spec.space] == [("max_epochs", 5, 50, 5)]
    assert [t.name for t in spec.tasks] == ["full"]
    assert "--multirun" not in spec.command


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("interval(0, 1)", ("float", 0.0, 1.0, False, None)),
        ("int(interval(1, 8))", ("int", 1, 8, False, None)),
        ("tag(log, int(interval(1, 1024)))", ("int", 1, 1024, True, None)),
        ("tag(a, log, interval(1e-5, 1))", ("float", 1e-5, 1.0, True, None)),
        ("range(0, 1, 0.25)", ("float", 0.0, 1.0, False, 0.25)),
        ("range(10,100,step)", None),
        ("shuffle(choice('a', \"b\"))", ("a", "b")),
        ("choice([1, 2], [3])", ("[1, 2]", "[3]")),
        ("true,false", (True, False)),
        ("0.1", None),
        ("interval(2, 1)", None),
        ("interval(0)", None),
        (3, None),
        ({"type": "float", "low": 0.1, "high": 1, "log": True}, ("float", 0.1, 1.0, True, None)),
        ({"type": "int", "low": 1, "high": 9, "step": 2}, ("int", 1, 9, False, 2)),
        ({"type": "categorical", "choices": ["a", "b"]}, ("a", "b")),
        ({"type": "int", "low": "x"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_hydra_lets_one_write(tmp_path: Path, said: Any, found: Any) -> None:
    data = {"hydra": {"sweeper": {"params": {"p": said}}}}
    project(tmp_path, **{"train.yaml": json.dumps(data)})  # JSON is YAML
    sweep = hydra_sweep(("python", "train.py"), tmp_path / "train.py", SCRIPT)
    assert sweep is not None
    if found is None:
        assert sweep.unread == ("p",)
        return
    p = sweep.space["p"]
    assert (p.choices or (str(p.kind), p.low, p.high, p.log, p.step)) == found


def test_a_script_without_hydra_or_a_sweep_has_none(tmp_path: Path) -> None:
    project(tmp_path)
    assert hydra_sweep(("python", "train.py"), tmp_path / "train.py", SCRIPT) is None
    assert hydra_sweep(("python", "train.py"), tmp_path / "train.py", "print(1)") is None
    assert hydra_sweep(("python", "-c", "1"), None, SCRIPT) is None
