"""Each trial writes to a place of its own: two of them never meet in one file."""

import re
from pathlib import Path

import pytest

from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.outputs import place_outputs, remark
from hpo_tui.engine.spec import StudySpec
from tests.define.conftest import draft

_SNAPSHOT = """
import argparse, pathlib
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=4)
p.add_argument("--snapshot_path", default="snapshot.txt")
p.add_argument("--log-dir", default="logs")
p.add_argument("--ckpt_path")
a = p.parse_args()
snapshot = pathlib.Path(a.snapshot_path)
begin = int(snapshot.read_text()) if snapshot.exists() else 0
for epoch in range(begin, a.epochs):
    print(f"epoch {epoch} val_acc {epoch / 10:.2f}")
snapshot.write_text(str(a.epochs))
pathlib.Path(a.log_dir).mkdir()
"""


def test_what_one_trial_saves_no_other_goes_on_from(scripts: Path) -> None:
    (scripts / "ddp.py").write_text(_SNAPSHOT)
    (scripts / "snapshot.txt").write_text("4")
    made = draft(scripts, "ddp.py")
    assert made.tried is not None
    assert made.tried.seen["val_acc"] == (0.0,)
    assert made.spec.command[-4:] == (
        "--snapshot_path", "{trial_dir}/snapshot.txt", "--log-dir", "{trial_dir}/logs",
    )  # fmt: skip
    assert "Each trial writes to its own folder: --snapshot_path, --log-dir." in made.text
    assert [o.flag for o in made.left] == ["--ckpt_path"]


def test_lightning_s_path_of_a_checkpoint_is_what_a_promotion_goes_on_from() -> None:
    path = Option("ckpt_path", "--ckpt_path", "text", None)
    saves = Option("save_dir", "--save_dir", "text", "checkpoints")
    source = ["c = ModelCheckpoint(dirpath=args.save_dir, save_last=True)"]
    said = remark([(saves, "{trial_dir}/checkpoints")], [path], source)
    assert "--ckpt_path {resume}/last.ckpt --save_dir {checkpoint} in the command" in said
    assert "{resume}" not in remark([], [path]), "it may be where the script saves"
    weights = Option("ckpt_path", "--ckpt_path", "text", "vit.pt")
    assert "{resume}" not in remark([], [weights, saves]), "it is something else to begin with"


def test_a_script_that_takes_the_folder_of_checkpoints_is_told_no_file_in_it() -> None:
    saves = Option("ckpt_dir", "--ckpt-dir", "text", "ckpt")
    source = ["torch.save(state, ckpt / 'last.pt')"]

    def said(name: str, told: str) -> str:
        resumes = Option(name, f"--{name}", "text", None, help=told)
        return remark([(saves, "{trial_dir}/ckpt")], [resumes], source)

    assert "--resume {resume}/last.pt --ckpt-dir" in said("resume", "checkpoint to continue from")
    assert "--resume {resume} --ckpt-dir" in said("resume", "checkpoint folder to continue from")
    assert "--resume_dir {resume} --ckpt-dir" in said("resume_dir", "")
    assert "{resume}/last.pt" in said("resume", "checkpoint file in the run directory")


def test_a_folder_of_models_is_written_to_unless_it_is_there_to_be_read(tmp_path: Path) -> None:
    option = Option("model_dir", "--model-dir", "text", "model")
    assert place_outputs([option], tmp_path)[0] == [(option, "{trial_dir}/model")]
    (tmp_path / "model").mkdir()
    assert place_outputs([option], tmp_path) == ([], [option])
    pretrained = Option("model_dir", "--model-dir", "text", "model/x", help="pretrained weights")
    assert place_outputs([pretrained], tmp_path) == ([], [pretrained])


def test_a_place_that_the_command_names_is_replaced(scripts: Path) -> None:
    (scripts / "ddp.py").write_text(_SNAPSHOT)
    (scripts / "runs").mkdir()
    command = ["python", "ddp.py", "--log-dir", "runs", "--snapshot_path=s/{1}.txt"]
    made = draft(scripts, command, run=False)
    assert made.spec.command[2:5] == (
        "--log-dir", "{trial_dir}", "--snapshot_path={trial_dir}/{{1}}.txt",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "default", "required"),
    [
        ("output_dir", None, False),
        ("checkpoint_path", "weights.pt", False),
        ("output", "softmax", False),
        ("data_dir", "data", False),
        ("out_dir", "${hydra:runtime.output_dir}", False),
        ("resume", "last.pt", False),
    ],
)
def test_what_is_read_or_off_stays(
    tmp_path: Path, name: str, default: str | None, *, required: bool
) -> None:
    (tmp_path / "weights.pt").touch()
    option = Option(name, f"--{name}", "text", default, required=required)
    assert place_outputs([option], tmp_path) == ([], [option])


@pytest.mark.parametrize(
    ("name", "default", "place"),
    [
        ("output_dir", None, "{trial_dir}"),
        ("checkpoint_path", "best.pt", "{trial_dir}/best.pt"),
        ("output", "results.json", "{trial_dir}/results.json"),
        ("trainer.default_root_dir", "./runs/one/", "{trial_dir}/one"),
        ("work_dir", ".", "{trial_dir}"),
        ("save", "/scratch/model.pt", "{trial_dir}/model.pt"),
    ],
)
def test_places(tmp_path: Path, name: str, default: str | None, place: str) -> None:
    option = Option(name, f"--{name}", "text", default, required=default is None)
    assert place_outputs([option], tmp_path) == ([(option, place)], [])


def test_a_checkpoint_that_the_help_says_is_saved_has_its_own_place(tmp_path: Path) -> None:
    for help_text, own in (("where to save the checkpoint", True), ("", False)):
        option = Option("checkpoint", "--checkpoint", "text", "model.pt", help=help_text)
        assert bool(place_outputs([option], tmp_path)[0]) == own


_GOES_ON = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=4)
p.add_argument("--save", default="{save}")
p.add_argument("--resume", {resume})
a = p.parse_args()
"""


@pytest.mark.parametrize(("save", "file"), [("out/model.pt", "/model.pt"), ("out", "")])
def test_the_lines_with_which_promotions_continue_can_be_put_in_as_they_are(
    scripts: Path, save: str, file: str
) -> None:
    (scripts / "fit.py").write_text(_GOES_ON.format(save=save, resume="default=''"))
    text = draft(scripts, "fit.py", run=False).text
    command, resume = re.findall(r"^#   (.+)", text, re.MULTILINE)
    assert resume == "resume = true"
    text = re.sub(r"^command = .*", lambda _: f"{command}\n{resume}", text, flags=re.MULTILINE)
    spec = StudySpec.from_text(text)
    assert spec.resume
    assert spec.command[-4:] == (
        "--save", f"{{checkpoint}}{file}", "--resume", f"{{resume}}{file}",
    )  # fmt: skip


def test_a_switch_to_go_on_is_said_to_need_a_path(scripts: Path) -> None:
    (scripts / "fit.py").write_text(_GOES_ON.format(save="out", resume="action='store_true'"))
    text = draft(scripts, "fit.py", run=False).text
    assert "# It has --resume, which takes no path" in text
    assert "#   resume = true" not in text


def test_a_checkpoint_that_training_is_resumed_from_is_read(tmp_path: Path) -> None:
    help_text = "Path of the checkpoint from which training is resumed."
    option = Option("ckpt_path", "--ckpt_path", "text", "last", help=help_text)
    saves = Option("save_dir", "--save_dir", "text")
    assert place_outputs([option], tmp_path) == ([], [option])
    assert "--ckpt_path {resume} --save_dir {checkpoint}" in remark([], [option, saves])
