"""Which file a script goes on from, and where trials would write over one another's."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.script_checkpoints import checkpoint_name, left_behind
from hpo_tui.engine.define.start import init
from tests.define.conftest import draft

PARSER = (
    "import argparse\np = argparse.ArgumentParser()\np.add_argument('--resume', default='')\n"
    "p.add_argument('--lr', type=float, default=0.1)\n"
)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("torch.save(state, os.path.join(out, 'checkpoint.pth.tar'))", "checkpoint.pth.tar"),
        ("save_on_master(s, f'{out}/ckpt_{epoch}.pt')\nsave(s, out + '/last.pt')", "last.pt"),
        ("torch.save(s, f'{out}/ckpt_{epoch}.pt')", "ckpt_*.pt"),
        ("torch.save(s, 'out/snapshot_%d.pth' % epoch)", "snapshot_*.pth"),
        ("torch.save(model.state_dict(), 'cnn.pt')", ""),
        ("torch.load('checkpoint.pth')", ""),
        ("c = ModelCheckpoint(dirpath=d, save_last=True)", "last.ckpt"),
        ("c = ModelCheckpoint(dirpath=d, save_last=False)", ""),
        ("torch.save(", ""),
    ],
)
def test_names(source: str, name: str) -> None:
    assert checkpoint_name([source]) == name


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--output_dir", "--resume {resume}/checkpoint.pth --output_dir {checkpoint} in"),
        ("--tag", "It saves checkpoint.pth, and no option says where, so trials overwrite it."),
    ],
)
def test_the_file_is_named_in_the_remark(scripts: Path, option: str, said: str) -> None:
    (scripts / "saves.py").write_text(
        f"{PARSER}p.add_argument('{option}', default='')\np.parse_args()\n"
        "torch.save(model, args.output_dir + '/checkpoint.pth')\n"
    )
    assert said in draft(scripts, "saves.py", run=False).text


def test_a_place_that_an_option_may_say_is_not_warned_of(scripts: Path) -> None:
    (scripts / "saves.py").write_text(
        f"{PARSER}p.add_argument('--project', default=None, help='save to project/name')\n"
        "p.parse_args()\ntorch.save(model, args.project + '/last.pt')\n"
    )
    assert "no option says where" not in draft(scripts, "saves.py", run=False).text


def test_a_checkpoint_that_a_first_run_leaves_is_told_of(scripts: Path) -> None:
    (scripts / "out").mkdir()
    for kept in ("old.pt", "out/last.pt"):
        (scripts / kept).write_text("")
    (scripts / "leaves.py").write_text(
        f"import os\n{PARSER}p.parse_args()\nos.makedirs('data')\n"
        "for name in ('snapshot.pt', 'out/last.pt', 'data/train.pt', 'notes.txt', 'model.json',"
        " 'setup.json'):\n"
        "    open(name, 'w').write('weights')\nprint('loss=0.5')\n"
    )
    (said,) = init("leaves.py", scripts).advice
    assert "the first run wrote model.json, out/last.pt, snapshot.pt here" in said
    assert "HPO_TRIAL_DIR" in said


def test_the_option_that_says_where_a_checkpoint_was_left_is_named(scripts: Path) -> None:
    (scripts / "leaves.py").write_text(
        f"import os\n{PARSER}p.add_argument('--zoo', default='zoo/best.pt')\np.parse_args()\n"
        "os.makedirs('zoo')\nopen('zoo/best.pt', 'w').write('weights')\nprint('loss=0.5')\n"
    )
    (said,) = init("leaves.py", scripts).advice
    assert said.endswith("Add --zoo {trial_dir}/best.pt to the command of the study")


def test_a_text_among_the_globals_is_where_it_writes(scripts: Path) -> None:
    (scripts / "lm.py").write_text(
        "out_dir = 'out'\ninit_from = 'scratch'\nlearning_rate = 1e-3\nmax_iters = 400\n"
        "exec(open('configurator.py').read())\ntorch.save(model, out_dir + '/ckpt.pt')\n"
    )
    made = draft(scripts, "lm.py", run=False)
    assert "--out_dir={trial_dir}/out" in made.spec.command
    assert "{resume}" not in made.text, "init_from takes a word, not a path"


def test_a_script_of_unknown_length_says_what_cheaper_tasks_need(scripts: Path) -> None:
    (scripts / "long.py").write_text(f"{PARSER}p.parse_args()\n")
    assert "No option was found that sets the length" in draft(scripts, "long.py", run=False).text


def test_what_lightning_saves_where_it_likes_is_told_of_with_what_keeps_it_apart(
    tmp_path: Path,
) -> None:
    place = tmp_path / "lightning_logs" / "version_0" / "checkpoints"
    place.mkdir(parents=True)
    (place / "epoch=1-step=16.ckpt").write_text("weights")
    said = left_behind(tmp_path, {})
    assert "lightning_logs/version_0/checkpoints/epoch=1-step=16.ckpt" in said
    assert "take the same version" in said
    assert 'Trainer(default_root_dir=os.environ.get("HPO_TRIAL_DIR")' in said
    (tmp_path / "best.pt").write_text("weights")
    assert "the last would overwrite the others" in left_behind(tmp_path, {})
