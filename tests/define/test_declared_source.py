"""What a source declares for tyro, Hugging Face, fire, click and absl, which are not needed."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.find import find_options
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.sources.texts import local_sources
from hpo_tui.engine.define.start import init

NOWHERE = "import a_module_that_is_nowhere\n"
FIELDS = '''
@dataclass
class Optim:
    lr: float = 3e-4
    """the peak rate"""
    nesterov: bool = False
    kind: Literal["sgd", "adam"] = "adam"
@dataclass
class Args:
    total_timesteps: int = 1000
    target: float | None = None
    sizes: list[int] = field(default_factory=list)
    gamma: "float" = field(default=0.99, metadata={"help": "discount"})
    optim: Optim = field(default_factory=Optim)
    env_id: str = "Cart"
    width: int = field(default_factory=lambda: 2**6)
    noise: float
    share: Annotated[float, "of 1"] = None
    steps: Union[int, None] = None
@dataclass
class Other:
    dropout: float = 0.1
'''


def options(folder: Path, text: str, *words: str) -> dict[str, Option]:
    (folder / "train.py").write_text(NOWHERE + text)
    found = find_options(
        ["python3", "train.py", *words], folder, local_sources(folder / "train.py", folder)
    )
    assert "a_module_that_is_nowhere" in found.broken
    return {o.flag: o for o in found.options}


def test_a_dataclass_for_tyro(tmp_path: Path) -> None:
    found = options(tmp_path, f"import tyro\n{FIELDS}\nargs = tyro.cli(Args)\n")
    assert list(found) == [
        "--total-timesteps", "--target", "--gamma", "--optim.lr", "--optim.nesterov",
        "--optim.kind", "--env-id", "--width", "--noise", "--share", "--steps",
    ]  # fmt: skip
    lr = found["--optim.lr"]
    assert (lr.kind, lr.default, lr.help) == ("float", 3e-4, "the peak rate")
    assert (found["--gamma"].default, found["--gamma"].help) == (0.99, "discount")
    assert found["--optim.nesterov"].off == "--optim.no-nesterov"
    assert found["--optim.kind"].choices == ("sgd", "adam")
    kinds = {flag: found[flag].kind for flag in ("--target", "--share", "--steps")}
    assert kinds == {"--target": "float", "--share": "float", "--steps": "int"}
    assert [o.flag for o in found.values() if o.required] == ["--noise"]


def test_dataclasses_for_hugging_face_are_flat_and_keep_their_names(tmp_path: Path) -> None:
    text = f"from transformers import HfArgumentParser\n{FIELDS}\n"
    text += "HfArgumentParser((Args, Other)).parse_args_into_dataclasses()\n"
    found = options(tmp_path, text)
    assert {"--total_timesteps", "--lr", "--dropout"} <= set(found)
    assert not found["--nesterov"].switch, "it takes a value there"


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ("import fire\n{}fire.Fire(main)\n", "--weight_decay"),
        ("import typer\n{}typer.run(main)\n", "--weight-decay"),
        ("import tyro\n{}tyro.cli(main)\n", "--weight-decay"),
    ],
)
def test_the_arguments_of_a_function(tmp_path: Path, given: str, flag: str) -> None:
    function = "def main(data, weight_decay: float = 0.1, *, epochs=10): pass\n"
    found = options(tmp_path, given.format(function))
    assert list(found) == [flag, "--epochs"]
    assert (found[flag].kind, found["--epochs"].kind) == ("float", "int")


def test_a_source_that_does_not_say_sends_to_the_environment(tmp_path: Path) -> None:
    text = f"{NOWHERE}from transformers import HfArgumentParser\nHfArgumentParser(Theirs)\n"
    (tmp_path / "train.py").write_text(f"{text}parse_args_into_dataclasses()\n")
    first, *_ = init("train.py", tmp_path).advice
    assert "a_module_that_is_nowhere" in first
    assert "activate the environment that it starts in" in first


def test_options_of_click(tmp_path: Path) -> None:
    text = (
        "import click\n@click.command()\n@click.option('--lr', default=0.1)\n"
        "@click.option('--ema/--no-ema', default=True)\n@click.option('--wide', is_flag=True)\n"
        "def main(lr, ema, wide): pass\nstore.option('name')\nmain()\n"
    )
    found = options(tmp_path, text)
    assert list(found) == ["--lr", "--ema", "--wide"]
    assert (found["--ema"].off, found["--ema"].default) == ("--no-ema", True)
    assert found["--wide"].switch


FLAGS = """
from absl import app, flags
from ml_collections import config_flags
flags.DEFINE_float("lr", 0.1, "rate", lower_bound=0.0)
flags.DEFINE_integer("steps", default=1000, help="how many")
flags.DEFINE_bool("nesterov", False, "momentum ahead")
flags.DEFINE_enum("optimizer", "sgd", ["sgd", "adam"], "which")
flags.DEFINE_string("workdir", None, "where to")
flags.mark_flags_as_required(["workdir", None])
"""
CONFIG = """
import ml_collections
def get_config():
    config = ml_collections.ConfigDict()
    config.learning_rate = 0.1
    config.model = ml_collections.ConfigDict({"dropout": 0.1, "name": "small"})
    config.augment = True
    config.num_train_steps = 400
    return config
"""


def test_flags_of_absl(tmp_path: Path) -> None:
    found = options(tmp_path, FLAGS)
    assert list(found) == ["--lr", "--steps", "--nesterov", "--optimizer", "--workdir"]
    assert (found["--steps"].kind, found["--steps"].default) == ("int", 1000)
    assert (found["--steps"].help, found["--lr"].help) == ("how many", "rate")
    assert found["--nesterov"].off == "--nonesterov"
    assert found["--optimizer"].choices == ("sgd", "adam")
    assert found["--workdir"].required


@pytest.mark.parametrize(
    "words", [["--config=configs/default.py"], ["--config", "configs/default.py:small"]]
)
def test_the_configuration_that_a_flag_names(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/default.py").write_text(CONFIG)
    text = FLAGS + 'config_flags.DEFINE_config_file("config")\n'
    found = options(tmp_path, text, *words)
    assert found["--config.learning_rate"].default == 0.1
    assert found["--config.model.dropout"].name == "model.dropout"
    assert found["--config.augment=True"].off == "--config.augment=False"
    made = init(["python3", "train.py", *words], tmp_path)
    assert made.spec.full_task.fidelity == {"steps": 1000}
    assert "--config.learning_rate={learning_rate}" in made.spec.command
    assert made.spec.command[-2:] == ("--workdir", "{trial_dir}")


def test_a_configuration_that_is_not_named_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    for name in ("default.py", "a.py"):
        (tmp_path / "configs" / name).write_text(CONFIG)
    text = 'from absl import app\nconfig_flags.DEFINE_config_file("config")\n'
    options(tmp_path, text)
    said = init("train.py", tmp_path).advice
    assert any(s.endswith("python train.py --config configs/default.py") for s in said)
    assert not any("no parameter was found" in s for s in said)


@pytest.mark.parametrize(
    ("library", "reads", "choices", "default"),
    [
        ("typer", "typer.run(main)", ("cosine", "step"), "step"),
        ("fire", "fire.Fire(main)", ("COSINE", "STEP"), "STEP"),
    ],
)
def test_the_members_of_an_enum_are_its_choices(
    tmp_path: Path, library: str, reads: str, choices: tuple[str, ...], default: str
) -> None:
    text = f"""
import {library}
class Schedule(str, Enum):
    COSINE = "cosine"
    STEP = "step"
def main(schedule: Schedule = Schedule.STEP, warm: Optional[Schedule] = None,
         fusion: Literal["early", "late"] = "late"): ...
{reads}
"""
    found = {o.name: o for o in options(tmp_path, text).values()}
    assert (found["schedule"].choices, found["schedule"].default) == (choices, default)
    assert found["warm"].choices == choices
    assert found["fusion"].choices == ("early", "late")
