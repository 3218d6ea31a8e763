"""A Hydra script whose configuration states a sweep: its ranges are searched, not guesses."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.hydra.sweep import hydra_sweep
from hpo_tui.engine.define.hydra.values import parameter_of
from hpo_tui.engine.define.preview import advise
from hpo_tui.engine.define.start import init
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
    assert spec.command[:3] == ("python", "train.py", "hparams=mnist")
    assert set(spec.command[3:]) == {
        "same=3", "hydra.mode=RUN",
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


@pytest.mark.parametrize("words", [("--config-name=other",), ("-cn", "other.yaml", "-cp", "conf")])
def test_the_configuration_that_the_command_names_is_read(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    other = "rate: 1\nhydra:\n  sweeper:\n    params:\n      rate: interval(0, 1)\n"
    project(tmp_path, **{"other.yaml": other})
    made = drafted(tmp_path, *words, "-m")
    assert [p.name for p in made.spec.space] == ["rate"]
    assert made.spec.command[2 : 2 + len(words)] == words


def test_a_sweep_over_the_length_leaves_no_cheap_tasks(tmp_path: Path) -> None:
    sweep = "hydra:\n  sweeper:\n    params:\n      max_epochs: range(5, 50, 5)\n"
    project(tmp_path, **{"train.yaml": f"lr: 0.1\nmax_epochs: 12\n{sweep}"})
    spec = drafted(tmp_path, "--multirun").spec
    assert [(p.name, p.low, p.high, p.step) for p in spec.space] == [("max_epochs", 5, 45, 5)]
    assert [t.name for t in spec.tasks] == ["full"]
    assert "--multirun" not in spec.command


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("interval(0, 1)", ("float", 0.0, 1.0, False, None)),
        ("int(interval(1, 8))", ("int", 1, 8, False, None)),
        ("tag(log, int(interval(1, 1024)))", ("int", 1, 1024, True, None)),
        ("tag(a, log, interval(1e-5, 1))", ("float", 1e-5, 1.0, True, None)),
        ("range(0, 1, 0.25)", ("float", 0.0, 0.75, False, 0.25)),
        ("range(0, 0.3, 0.1)", ("float", 0.0, 0.2, False, 0.1)),
        ("range(1, 10, 4)", ("int", 1, 9, False, 4)),
        ("range(3)", ("int", 0, 2, False, None)),
        ("range(10,100,step)", None),
        ("range(5, 1)", None),
        ("range(1, 4, 0)", None),
        ("interval(1, inf)", None),
        ("int(interval(nan, 1))", None),
        ("tag(" * 1200 + ")" * 1200, None),
        ("interval((1, 2)", None),
        ("shuffle(choice('a', \"b\"))", ("a", "b")),
        ("choice([1, 2], [3])", ("[1, 2]", "[3]")),
        ("'a b', 'c,d', '1', x", ("a b", "'c,d'", "'1'", "x")),
        ("true,false", (True, False)),
        ("null, 3", ("null", 3)),
        ("1, 2, 1.0, 2", (1, 2)),
        ("true, auto, 1", ("true", "auto", "1")),
        ("glob(*)", None),
        ("", None),
        ("interval(2, 1)", None),
        ("interval(0)", None),
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
    sweep = hydra_sweep(("python", "train.py"), tmp_path, tmp_path / "train.py", SCRIPT)
    assert sweep is not None
    if found is None:
        assert sweep.unread == ("p",)
        return
    p = sweep.space["p"]
    assert (p.choices or (str(p.kind), p.low, p.high, p.log, p.step)) == found


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"defaults": [{"override hydra/sweeper": "optuna"}]}, ()),
        ({}, ("hydra/sweeper=optuna",)),
        ({"_target_": "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"}, ()),
    ],
)
def test_a_range_has_its_end_where_optuna_sweeps(
    tmp_path: Path, more: dict[str, Any], words: tuple[str, ...]
) -> None:
    sweeper = {"params": {"p": "range(1, 4)", "q": "shuffle(range(1, 4))"}}
    sweeper |= {k: v for k, v in more.items() if k == "_target_"}
    project(tmp_path, **{"train.yaml": json.dumps({**more, "hydra": {"sweeper": sweeper}})})
    sweep = hydra_sweep(("python", "train.py", *words), tmp_path, tmp_path / "train.py", SCRIPT)
    assert sweep is not None
    assert [p.high for p in sweep.space.values()] == [4, 3]


def test_what_a_multirun_on_the_command_line_sweeps(tmp_path: Path) -> None:
    project(tmp_path)
    made = drafted(
        tmp_path, "-m", "lr=0.1,0.01", "+model.act=choice(relu,gelu)", "batch=16", "odd=glob(*)"
    )
    assert [(p.name, p.choices) for p in made.spec.space] == [
        ("lr", (0.1, 0.01)), ("model.act", ("relu", "gelu")),
    ]  # fmt: skip
    assert made.spec.command[2] == "batch=16"
    assert {"lr={lr}", "+model.act={model.act}"} <= set(made.spec.command)
    assert not {"-m", "odd=glob(*)"} & set(made.spec.command)
    assert "(the sweep in the command)" in made.text
    (advice,) = made.advice
    assert advice.startswith("odd in the command could not be read (glob(*))")


def test_a_module_is_still_started_by_python(tmp_path: Path) -> None:
    project(tmp_path)
    for words in (("-m", "train", "-m", "lr=1,2"), ("-m", "train", "hparams=mnist")):
        made = init(("python", *words), tmp_path, run=False)
        assert made.spec.command[:3] == ("python", "-m", "train")
        assert "-m" not in made.spec.command[3:]


def test_a_multirun_without_a_known_sweep_is_a_single_job(tmp_path: Path) -> None:
    project(tmp_path)
    made = drafted(tmp_path, "--multirun", "batch=16")
    assert "--multirun" not in made.spec.command
    assert "lr" in [p.name for p in made.spec.space]
    assert made.advice == ("no sweep of several values was found: what is searched are guesses",)


def test_what_a_sweep_keeps_the_same_is_in_the_command(tmp_path: Path) -> None:
    params = (
        "lr: interval(0.1, 1)\n      max_epochs: 20\n      +tag: choice(one)\n      none: null\n"
    )
    sweep = f"hydra:\n  sweeper:\n    params:\n      {params}"
    project(tmp_path, **{"train.yaml": f"lr: 0.1\nmax_epochs: 12\n{sweep}"})
    made = drafted(tmp_path, "none=1")
    assert [p.name for p in made.spec.space] == ["lr"]
    assert [t.fidelity["max_epochs"] for t in made.spec.tasks] == [5, 10, 20]
    assert {"+tag=one", "none=1"} <= set(made.spec.command)
    assert "none=null" not in made.spec.command
    assert made.advice == ()


def test_a_swept_seed_is_a_parameter(tmp_path: Path) -> None:
    project(tmp_path)
    made = drafted(tmp_path, "-m", "lr=0.1,0.01", "seed=range(3)")
    assert [(p.name, p.low, p.high) for p in made.spec.space if p.name == "seed"] == [
        ("seed", 0, 2)
    ]
    assert [w for w in made.spec.command if w.startswith("seed")] == ["seed={seed}"]
    assert not any("seed" in said for said in advise(made.spec))


def test_several_objectives_are_said(tmp_path: Path) -> None:
    sweeper = {"direction": ["minimize", "maximize"], "params": {"lr": "interval(0, 1)"}}
    project(tmp_path, **{"train.yaml": json.dumps({"hydra": {"sweeper": sweeper}})})
    made = drafted(tmp_path)
    assert str(made.spec.objectives[0].direction) == "minimize"
    assert made.advice[0].startswith("the sweep has 2 objectives (minimize, maximize)")


@given(st.text("tagchoiertvlsnuf(),'\"[]{}=0123. -", max_size=40))
def test_whatever_is_swept_is_read_or_is_not(said: str) -> None:
    found = parameter_of("x", said, closed=False)
    assert found is None or found.name == "x"


def test_a_script_without_hydra_or_a_sweep_has_none(tmp_path: Path) -> None:
    project(tmp_path)
    assert hydra_sweep(("python", "train.py"), tmp_path, tmp_path / "train.py", SCRIPT) is None
    assert hydra_sweep(("python", "train.py"), tmp_path, tmp_path / "train.py", "print(1)") is None
    assert hydra_sweep(("python", "-c", "1"), tmp_path, None, SCRIPT) is None


COMPOSES = """
import sys
def main(**_):
    said = "lr: 0.1\\nopt:\\n  wd: 0.01\\nname: a\\nepochs: 4\\n"
    return lambda f: lambda: print(said) if "--cfg" in sys.argv else f(None)
"""


def test_a_configuration_that_no_file_has_is_asked_of_hydra(tmp_path: Path) -> None:
    (tmp_path / "hydra.py").write_text(COMPOSES)
    text = SCRIPT.replace('config_path="conf", config_name="train"', "config_path=None")
    (tmp_path / "train.py").write_text(text)
    made = drafted(tmp_path)
    assert [p.name for p in made.spec.space] == ["lr", "opt.wd"]
    assert [t.fidelity["epochs"] for t in made.spec.tasks] == [1, 2, 4]
    assert made.spec.command[-1] == "hydra.run.dir={trial_dir}/hydra"
    assert made.advice == ()
    made = drafted(tmp_path, "-m", "+x=1,2")
    assert [p.name for p in made.spec.space] == ["x"]
    assert made.how == "the sweep in the command"


def test_a_script_that_returns_its_result_is_told_to_print_it(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "hydra.py").write_text(COMPOSES)
    (tmp_path / "train.py").write_text(SCRIPT.replace("print(f", "str(f"))
    made = init(("python", "train.py", "-m", "lr=1,2"), tmp_path)
    assert any("a Hydra sweep takes what the script returns" in said for said in made.advice)


def test_what_an_error_advises_to_set_is_no_metric(tmp_path: Path) -> None:
    said = "sys.exit('no such key\\nSet the environment variable HYDRA_FULL_ERROR=1 for more')"
    (tmp_path / "train.py").write_text(f"import sys\nlr = 0.1\n{said}\n")
    made = init("train.py", tmp_path)
    assert made.spec.objectives[0].metric == "loss"
    assert "the first run ended with exit code 1: no such key" in made.advice
