"""Scripts that cannot be run here still say what they take."""

from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.define.find import find_options
from hpo_tui.engine.define.options import Found
from hpo_tui.engine.define.sources.argparse_click import written_options
from hpo_tui.engine.define.sources.texts import local_sources
from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.command import command_line

SCRIPT = """
import argparse
import a_module_that_is_nowhere

parser = argparse.ArgumentParser()
parser.add_argument("data", nargs="?", default="x")
parser.add_argument("--epochs", default=90, type=int, metavar="N", help="number of epochs")
parser.add_argument("--lr", "--learning-rate", default=0.1, type=float, dest="lr")
parser.add_argument("--optimizer", choices=("sgd", "adam"), default="sgd")
parser.add_argument("--amp", action="store_true")
parser.add_argument("--workers", type=int, default=count_cores())
parser.add_argument("--sizes", type=int, nargs="+")
args = parser.parse_args()
"""


def options_of(folder: Path) -> Found:
    sources = local_sources(folder / "train.py", folder)
    return find_options(["python3", "train.py"], folder, sources)


def test_options_are_read_where_the_imports_are_missing(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    found = options_of(tmp_path)
    options = {o.flag: o for o in found.options}
    assert set(options) == {"--epochs", "--learning-rate", "--optimizer", "--amp", "--workers"}
    assert (options["--epochs"].kind, options["--epochs"].default) == ("int", 90)
    assert (options["--learning-rate"].kind, options["--learning-rate"].default) == ("float", 0.1)
    assert options["--optimizer"].choices == ("sgd", "adam")
    assert (options["--amp"].kind, options["--amp"].switch) == ("bool", True)
    assert options["--workers"].default is None, "what would have to be run is not guessed"
    assert any("a_module_that_is_nowhere" in sentence for sentence in found.advice)


def test_two_switches_of_one_target_are_one_option(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import argparse\nimport a_module_that_is_nowhere\np = argparse.ArgumentParser()\n"
        "p.add_argument('--ema', action='store_true')\n"
        "p.add_argument('--no-ema', action='store_false', dest='ema')\n"
        "p.set_defaults(ema=True)\np.parse_args()\n"
    )
    written = options_of(tmp_path).options
    asked = (tmp_path / "train.py").read_text().replace("import a_module_that_is_nowhere\n", "")
    (tmp_path / "train.py").write_text(asked)
    told = options_of(tmp_path).options
    for options in (written, told):
        assert [(o.flag, o.off, o.default) for o in options] == [("--ema", "--no-ema", True)]


@pytest.mark.parametrize("missing", ["", "import a_module_that_is_nowhere\n"])
@pytest.mark.parametrize("given", [[], ["--use-bn", "True"], ["--use-bn=1"]])
def test_false_of_a_type_that_takes_any_word_for_true_is_sent_as_none(
    tmp_path: Path, missing: str, given: list[str]
) -> None:
    parser = "p = argparse.ArgumentParser()\np.add_argument('--use-bn', type=bool, default=True)\n"
    source = f"import argparse\n{missing}{parser}print(f'loss={{p.parse_args().use_bn:d}}')\n"
    (tmp_path / "train.py").write_text(source)
    text = init(["python3", "train.py", *given], tmp_path, run=False).text
    spec = StudySpec.from_text(text)
    words = {v: command_line(spec, {"use_bn": v}) for v in (True, False)}
    namespace: dict[str, Any] = {}
    exec("import argparse\n" + parser, namespace)
    for value, argv in words.items():
        assert namespace["p"].parse_args(argv[2:]).use_bn is value
    assert '"False" too' in text


def test_the_parser_of_another_script_is_not_its_own(tmp_path: Path) -> None:
    parser = "import argparse\np = argparse.ArgumentParser()\np.add_argument('{}', type=float)\n"
    (tmp_path / "train.py").write_text(
        "import nowhere_at_all, evaluate, common\n" + parser.format("--lr") + "p.parse_args()\n"
    )
    (tmp_path / "common.py").write_text(parser.format("--dropout"))
    (tmp_path / "evaluate.py").write_text(
        parser.format("--threshold") + "if __name__ == '__main__':\n    p.parse_args()\n"
    )
    flags = {o.flag for o in options_of(tmp_path).options}
    assert flags == {"--lr", "--dropout"}


def test_options_that_a_loop_makes_of_a_dictionary(tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text(
        "def model_defaults():\n    res = dict(channels=64, dropout=0.1)\n"
        "    res.update(noise_defaults())\n    return res\n"
        "def noise_defaults():\n    return {'noise': 'linear', 'noise_steps': 1000}\n"
        "def sampler_defaults():\n    return dict(temperature=0.7)\n"
        "def add(parser, entries):\n    for k, v in entries.items():\n"
        "        parser.add_argument(f'--{k}', default=v, type=type(v))\n"
    )
    (tmp_path / "train.py").write_text(
        "import argparse, a_module_that_is_nowhere\nfrom common import add, model_defaults\n"
        "defaults = dict(lr=1e-4, batch_size=4, log_dir='', use_fp16=False)\n"
        "defaults.update(model_defaults())\n"
        "p = argparse.ArgumentParser()\nadd(p, defaults)\np.parse_args()\n"
    )
    options = {o.flag: o for o in options_of(tmp_path).options}
    assert list(options) == [
        "--lr", "--batch_size", "--log_dir", "--use_fp16", "--channels", "--dropout", "--noise",
        "--noise_steps",
    ]  # fmt: skip
    assert (options["--lr"].kind, options["--lr"].default) == ("float", 1e-4)
    assert options["--use_fp16"].choices == (True, False), "it takes a value"


def test_what_is_read_from_the_source_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    made = init("train.py", tmp_path)
    assert made.tried is None
    (said,) = made.advice
    assert "No module named 'a_module_that_is_nowhere'" in said
    assert "read from its source" in said


def test_text_that_is_no_python_has_no_options() -> None:
    assert written_options("parser.add_argument(") == []


def test_the_values_that_options_name_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("""
import argparse, enum, click
import a_module_that_is_nowhere
NORMS = ("batch", "layer")
MODELS = {"small": make_small, "large": make_large}
class Schedule(enum.Enum):
    COSINE = "cosine"
    STEP = "step"
p = argparse.ArgumentParser()
p.add_argument("--norm", choices=NORMS, default="batch")
p.add_argument("--model", choices=sorted(MODELS.keys()), default="small")
p.add_argument("--schedule", choices=[s.value for s in Schedule], default="step")
p.add_argument("--after", choices=[s.name for s in Schedule])
p.add_argument("--warm", type=Schedule, choices=list(Schedule))
p.add_argument("--kernel", choices=found_at_run_time())
@click.command()
@click.option("--act", type=click.Choice(["relu", "gelu"]), default="relu")
@click.option("--depth", type=click.IntRange(1, 9), default=4)
@click.option("--epochs", default=6)
def main(**given): ...
""")
    found = {o.name: o for o in options_of(tmp_path).options}
    assert {name: o.choices for name, o in found.items() if o.choices} == {
        "norm": ("batch", "layer"), "model": ("small", "large"), "schedule": ("cosine", "step"),
        "after": ("COSINE", "STEP"), "warm": ("cosine", "step"), "act": ("relu", "gelu"),
    }  # fmt: skip
    assert (found["depth"].kind, found["epochs"].kind) == ("int", "int")
