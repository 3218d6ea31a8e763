"""Options of scripts that declare them with a library: copies of what the libraries do, alone."""

import os
import sys
from pathlib import Path

import pytest

from hpo_tui.engine.define.help_output import help_options
from hpo_tui.engine.spec import ParameterKind
from tests.define.conftest import draft

_TYPER = """
import enum, types

class Opt(enum.Enum):
    ADAM = "adam"
    SGD = "sgd"

def option(name, annotation, default, choices=None, low=None, high=None, off=()):
    return types.SimpleNamespace(
        param_type_name="option", name=name, opts=["--" + name.replace("_", "-")],
        secondary_opts=list(off), default=default, nargs=1, multiple=False, required=False,
        is_flag=annotation is bool, min=low, max=high, help=None,
        type_descriptor=types.SimpleNamespace(annotation=annotation, choices=choices))

class Command:
    params = [
        option("lr", float, 1e-3), option("opt", Opt, Opt.ADAM, tuple(Opt)),
        option("layers", int, 2, low=2, high=3), option("epochs", int, 8),
        option("mixup", bool, False, off=["--no-mixup"]),
    ]
    def make_context(self, name, args):
        print("val accuracy 0.9", args)
    def __call__(self):
        import sys
        self.make_context("train", sys.argv[1:])
"""
_PYDANTIC = """
import argparse

class BaseSettings:
    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", metavar="float", help="the rate (default: 0.001)")
        parser.add_argument("--width", metavar="int", help="(default: 64)")
        parser.add_argument("--epochs", metavar="int", help="(default: 8)")
        parser.add_argument("--name", metavar="str", help="(default: run7)")
        for name, value in vars(parser.parse_args()).items():
            setattr(self, name, value)
"""
_TYRO = """
usage: train.py [-h] [OPTIONS]

╭─ options ──────────────────────────────────────────────────╮
│ -h, --help         show this help message and exit         │
│ --hidden-size INT  (default: 64)                           │
│ --use-ema, --no-use-ema                                    │
│                    (default: False)                        │
│ --betas FLOAT FLOAT                                        │
│                    (default: 0.9 0.999)                    │
╰────────────────────────────────────────────────────────────╯
╭─ opt options ──────────────────────────────────────────────╮
│ --opt.lr FLOAT     Learning rate to use. (default: 0.0003) │
│ --opt.algorithm {adam,sgd}                                 │
│                    (default: adam)                         │
╰────────────────────────────────────────────────────────────╯
"""
_RICH = """
╭─ Options ─────────────────────────────────────────────────────────────────────────╮
│ --lr                            <float>                Learning rate [default: 1] │
│ --layers                        <int range> [1<=x<=6]  [default: 2]               │
│ --seed                          <int>                                             │
│ --mixup       --no-mixup        <bool>                 [default: no-mixup]        │
╰───────────────────────────────────────────────────────────────────────────────────╯
"""
_JSONARGPARSE = """
  --seed_everything SEED_EVERYTHING
                        Set to True to use a random seed. (type: Union[bool,
                        int], default: True)
  --trainer.max_epochs MAX_EPOCHS
                        Stop training once this number of epochs is reached.
                        Disabled by default (None). If both max_epochs and
                        max_steps are not specified, defaults to ``max_epochs
                        = 1000``. To enable infinite training, set
                        ``max_epochs = -1``. (type: Optional[int], default:
                        null)
  --trainer.gradient_clip_val GRADIENT_CLIP_VAL
                        The value at which to clip gradients. (type: Union[int,
                        float, null], default: null)
  --trainer.default_root_dir DEFAULT_ROOT_DIR
                        Default path for logs and weights when no logger passed.
                        (type: Union[str, Path, null], default: null)
  --model.lr LR         (type: float, default: 0.001)
  --model.width WIDTH   How wide. (required, type: int)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(site))
    return site


def test_a_typer_with_a_click_of_its_own(scripts: Path, installed: Path) -> None:
    package = installed / "typer" / "_click"
    package.mkdir(parents=True)
    (installed / "typer" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "core.py").write_text(_TYPER)
    (scripts / "train.py").write_text(
        "import typer\nfrom typer._click.core import *\nCommand()()\n"
    )
    spec = draft(scripts, "train.py").spec
    assert [p.name for p in spec.space] == ["lr", "opt", "layers", "mixup"]
    assert spec.parameter("opt").choices == ("adam", "sgd")
    layers = spec.parameter("layers")
    assert (layers.kind, layers.low, layers.high) == (ParameterKind.INT, 2, 3)
    assert spec.full_task.fidelity == {"epochs": 8}
    assert spec.start == ({"lr": 1e-3, "opt": "adam", "layers": 2, "mixup": False},)


def test_defaults_that_the_help_alone_tells(scripts: Path, installed: Path) -> None:
    (installed / "pydantic_settings.py").write_text(_PYDANTIC)
    (scripts / "train.py").write_text(
        "from pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    model_config = dict(cli_parse_args=True)\n"
        "    width: int = 64\nprint('val_acc', 0.5, Settings().lr)\n"
    )
    made = draft(scripts, "train.py")
    assert [p.name for p in made.spec.space] == ["lr", "width"]
    assert made.spec.full_task.fidelity == {"epochs": 8}
    assert made.spec.start == ({"lr": 0.001, "width": 64},)
    assert [(o.name, o.default) for o in made.left] == [("name", None)]


def test_an_installed_command_is_asked_as_its_module_would_be(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = scripts / "src" / "digitpack"
    package.mkdir(parents=True)
    (package / "train.py").write_text(
        "import argparse\ndef main():\n    p = argparse.ArgumentParser()\n"
        "    p.add_argument('--lr', type=float, default=0.1)\n"
        "    p.add_argument('--epochs', type=int, default=8)\n"
        "    print('val_acc', p.parse_args().lr)\n"
    )
    command = tmp_path / "bin" / "digits-train"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom digitpack.train import main\nmain()\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(scripts / "src"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for folder in (scripts, scripts / "src"):
        spec = draft(folder, ["digits-train"]).spec
        assert [p.name for p in spec.space] == ["lr"]
        assert spec.full_task.fidelity == {"epochs": 8}
        assert spec.objectives[0].metric == "val_acc"
    assert draft(tmp_path, ["digits-train"], run=False).spec.start == ({"lr": 0.1},)


def test_help_in_the_boxes_of_tyro() -> None:
    options = {o.name: o for o in help_options(_TYRO.splitlines())}
    assert list(options) == ["hidden_size", "use_ema", "opt.lr", "opt.algorithm"]
    ema = options["use_ema"]
    assert (ema.switch, ema.default, ema.off) == (True, False, "--no-use-ema")
    assert (options["opt.lr"].kind, options["opt.lr"].default) == ("float", 3e-4)
    assert options["opt.lr"].help == "Learning rate to use."
    assert options["opt.algorithm"].choices == ("adam", "sgd")


def test_help_in_the_columns_of_rich() -> None:
    options = {o.name: o for o in help_options(_RICH.splitlines())}
    assert (options["lr"].kind, options["lr"].default) == ("float", 1)
    assert options["lr"].help == "Learning rate"
    assert (options["layers"].kind, options["layers"].default) == ("int", 2)
    assert (options["seed"].kind, options["seed"].switch) == ("int", False)
    assert (options["mixup"].switch, options["mixup"].off) == (True, "--no-mixup")


def test_help_of_jsonargparse_as_lightning_prints_it(scripts: Path) -> None:
    options = {o.name: o for o in help_options(_JSONARGPARSE.splitlines())}
    kinds = {n: (o.kind, o.default) for n, o in options.items()}
    assert kinds == {
        "seed_everything": ("bool", True),
        "trainer.max_epochs": ("int", None),
        "trainer.gradient_clip_val": ("float", None),
        "trainer.default_root_dir": ("text", None),
        "model.lr": ("float", 0.001),
        "model.width": ("int", None),
    }
    assert options["model.width"].help == "How wide."
    (scripts / "cli").write_text(f"#!/bin/sh\ncat <<'END'\n{_JSONARGPARSE}\nEND\n")
    (scripts / "cli").chmod(0o755)
    spec = draft(scripts, ["./cli", "--trainer.max_epochs", "8"], run=False).spec
    assert spec.full_task.fidelity == {"trainer.max_epochs": 8}
    assert [p.name for p in spec.space] == ["model.lr", "model.width"]
    assert spec.command[-2:] == ("--trainer.default_root_dir", "{trial_dir}")
