"""Scripts that cannot be run here still say what they take."""

from pathlib import Path

from hpo_tui.engine.define.find import find_options
from hpo_tui.engine.define.parser_source import written_options

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


def test_options_are_read_where_the_imports_are_missing(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    found = find_options(["python3", "train.py"], tmp_path)
    options = {o.flag: o for o in found.options}
    assert set(options) == {"--epochs", "--learning-rate", "--optimizer", "--amp", "--workers"}
    assert (options["--epochs"].kind, options["--epochs"].default) == ("int", 90)
    assert (options["--learning-rate"].kind, options["--learning-rate"].default) == ("float", 0.1)
    assert options["--optimizer"].choices == ("sgd", "adam")
    assert (options["--amp"].kind, options["--amp"].switch) == ("bool", True)
    assert options["--workers"].default is None, "what would have to be run is not guessed"
    assert any("a_module_that_is_nowhere" in sentence for sentence in found.advice)


def test_text_that_is_no_python_has_no_options() -> None:
    assert written_options("parser.add_argument(") == []
