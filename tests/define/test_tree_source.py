"""A tree of settings that pairs of keys and values change."""

from pathlib import Path

import pytest

from hpo_tui.engine.spec.command import command_line, placeholder_values
from tests.define.conftest import draft

CONFIG = """
class CN(dict):
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__
    def merge_from_list(self, pairs):
        print({k: float(v) for k, v in zip(pairs[::2], pairs[1::2])})
_C = CN()
_C.SEED = 0
_C.MODEL = CN()
_C.MODEL.DROP_RATE = 0.1
_C.MODEL.SMALL = CN()
_C.MODEL.SMALL.WIDTH = 32
_C.MODEL.LARGE = CN()
_C.MODEL.LARGE.WIDTH = 512
_C.TRAIN = CN()
_C.TRAIN.EPOCHS = 40
_C.TRAIN.BASE_LR = 0.1
_C.TRAIN.RESUME = True
"""
SCRIPT = """
import argparse
import config
p = argparse.ArgumentParser()
p.add_argument("--cfg", required=True)
p.add_argument("--lr", type=float)
p.add_argument("--local_rank", type=int, required=True)
p.add_argument({opts}, nargs=argparse.REMAINDER)
args = p.parse_args()
config._C.merge_from_list(args.opts)
"""


@pytest.fixture
def tree(scripts: Path) -> Path:
    (scripts / "config.py").write_text(CONFIG)
    (scripts / "small.yaml").write_text(
        "MODEL:\n  SMALL:\n    WIDTH: 64\nTRAIN:\n  BASE_LR: 0.01\n"
    )
    return scripts


@pytest.mark.parametrize(("opts", "flag"), [('"--opts"', ["--opts"]), ('"opts"', [])])
def test_the_leaves_go_to_the_end_of_the_command(tree: Path, opts: str, flag: list[str]) -> None:
    (tree / "main.py").write_text(SCRIPT.format(opts=opts))
    command = ["python", "main.py", "--cfg", "small.yaml", "--local_rank", "0"]
    spec = draft(tree, command, run=False).spec
    assert [p.name for p in spec.space] == [
        "MODEL.DROP_RATE", "MODEL.SMALL.WIDTH", "TRAIN.BASE_LR",
    ]  # fmt: skip
    assert spec.full_task.fidelity == {"TRAIN.EPOCHS": 40}
    assert spec.start[0] == {
        "MODEL.DROP_RATE": 0.1, "MODEL.SMALL.WIDTH": 64, "TRAIN.BASE_LR": 0.01,
    }  # fmt: skip
    values = placeholder_values(spec, spec.start[0], spec.tasks[0], "/t")
    assert command_line(spec, values)[6:] == [
        *flag, "MODEL.DROP_RATE", "0.1", "MODEL.SMALL.WIDTH", "64", "TRAIN.BASE_LR", "0.01",
        "TRAIN.EPOCHS", "10", "SEED", "0",
    ]  # fmt: skip


def test_the_rank_is_asked_of_the_launcher(tree: Path) -> None:
    (tree / "main.py").write_text(SCRIPT.format(opts='"--opts"'))
    words = ["main.py", "--cfg", "small.yaml"]
    (said,) = draft(tree, ["python", *words], run=False).advice
    assert "the script needs --local_rank" in said
    launched = ["python", "-m", "torch.distributed.launch", *words]
    assert draft(tree, launched, run=False).advice == ()
