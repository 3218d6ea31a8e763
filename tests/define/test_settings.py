"""Scripts whose settings stand in their source or in a file, and not on the command line."""

import os
import sys
from pathlib import Path

import pytest

from hpo_tui.engine.spec.command import command_line, placeholder_values
from tests.define.conftest import draft


def test_environment_variables(scripts: Path) -> None:
    spec = draft(scripts, "environ.py").spec
    assert spec.env == {"LR": "{LR}", "HIDDEN": "{HIDDEN}", "EPOCHS": "{EPOCHS}"}
    assert spec.command == ("python", "environ.py")
    assert spec.objectives[0].metric == "val_acc"


def test_constants_need_three_lines(scripts: Path) -> None:
    made = draft(scripts, "constants.py")
    assert [p.name for p in made.spec.space] == ["LEARNING_RATE", "BATCH_SIZE"]
    (advice,) = made.advice
    assert 'LEARNING_RATE = trial.params.get("LEARNING_RATE", 0.05)' in advice.replace("\n", " ")
    assert 'trial.fidelity.get("EPOCHS", 8)' in advice


def test_numbers_in_calls_where_there_is_nothing_else(scripts: Path) -> None:
    (scripts / "fit.py").write_text(
        "def Forest(**words):\n    return words\n\n\n"
        "model = Forest(n_estimators=200, learning_rate=0.1, max_depth=3, random_state=4)\n"
        "print('Accuracy:', model['max_depth'] / 4)\n"
    )
    made = draft(scripts, "fit.py")
    assert [p.name for p in made.spec.space] == ["learning_rate", "max_depth"]
    assert made.spec.full_task.fidelity == {"n_estimators": 200}
    (said,) = made.advice
    assert 'n_estimators=trial.fidelity.get("n_estimators", 200)  # in line 5' in said
    assert "Put these in the place of its numbers (" in said


def test_what_a_failed_run_would_have_printed(scripts: Path) -> None:
    (scripts / "fit.py").write_text(
        "LR = 0.1\nimport a_module_that_is_nowhere\nprint(f'epoch {LR}: val_acc {LR:.3f}')\n"
    )
    made = draft(scripts, "fit.py")
    assert made.spec.objectives[0].metric == "val_acc"
    assert "it was not seen in a run" in made.text
    assert any("a_module_that_is_nowhere" in sentence for sentence in made.advice)
    assert not any("no metric was seen" in sentence for sentence in made.advice)


def test_constants_that_tell_nothing_are_no_settings(scripts: Path) -> None:
    (scripts / "fit.py").write_text("DEGREE = 4\nprint(f'loss={1 / DEGREE}')\n")
    first, *_ = draft(scripts, "fit.py").advice
    assert "no constants that tell what they are" in first


def test_a_mark_of_the_encoding_before_a_source_hides_nothing(scripts: Path) -> None:
    (scripts / "fit.py").write_text("LR = 0.1\nprint('loss', LR)\n", encoding="utf-8-sig")
    assert [p.name for p in draft(scripts, "fit.py").spec.space] == ["LR"]


def test_the_parameters_of_another_librarys_trial_are_not_asked_for(scripts: Path) -> None:
    (scripts / "fit.py").write_text("LR = 0.1\nprint('loss', LR)\n# trial.params, as Optuna has\n")
    (said,) = draft(scripts, "fit.py").advice
    assert "trial.params.get" in said


@pytest.mark.parametrize("text", ["LR = (", "LR = " + "-" * 7000 + "1"], ids=["open", "deep"])
@pytest.mark.parametrize("configured", ["", "\nexec(open('configurator.py').read())"], ids=str)
def test_what_is_no_python_is_said(scripts: Path, text: str, configured: str) -> None:
    (scripts / "fit.py").write_text(text + configured)
    assert draft(scripts, "fit.py", run=False).advice[0] == "fit.py could not be read as Python"


def test_a_dictionary_and_a_class(scripts: Path) -> None:
    made = draft(scripts, "dictionary.py")
    assert [p.name for p in made.spec.space] == ["learning_rate", "batch_size", "hidden"]
    assert "config.update(trial.params | trial.fidelity)" in made.advice[0]
    assert "took" not in made.text  # the run had the script's own settings, whatever the task says
    made = draft(scripts, "classy.py", run=False)
    assert [p.name for p in made.spec.space] == ["lr", "weight_decay", "depth"]
    assert made.spec.full_task.fidelity == {"steps": 400}
    assert "TrainConfig" in made.advice[0]


def test_of_several_holders_the_one_that_holds_most_is_meant(scripts: Path) -> None:
    (scripts / "fit.py").write_text(
        "batch_size = 4\nconfig = {'lr': 0.1, 'epochs': 3, 'name': 'a'}\n"
        "class PlotConfig:\n    width = 8\nprint('loss', config['lr'])\n"
    )
    assert "config.update(" in draft(scripts, "fit.py", run=False).advice[0]


def test_the_lines_that_are_advised_work(scripts: Path) -> None:
    made = draft(scripts, "dictionary.py", run=False)
    lines = [line.strip() for line in made.advice[0].splitlines()[1:]]
    source = (
        (scripts / "dictionary.py")
        .read_text()
        .replace("\n\nfor", "\n" + "\n".join(lines) + "\nfor")
    )
    (scripts / "dictionary.py").write_text(source)
    again = draft(scripts, [sys.executable, "dictionary.py"])
    assert again.advice == ()
    assert again.tried is not None
    assert len(again.tried.seen["val_loss"]) == 3
    assert "took" in again.text


def test_globals_that_a_configurator_overrides(scripts: Path) -> None:
    made = draft(scripts, "small_lm/train.py")
    assert made.spec.command[2:4] == (
        "--learning_rate={learning_rate}",
        "--batch_size={batch_size}",
    )
    assert made.advice == ()
    assert made.spec.objectives[0].metric == "val_loss"


def test_a_file_of_settings_for_a_configurator_has_the_last_word(scripts: Path) -> None:
    (scripts / "small_lm/tiny.py").write_text(
        "learning_rate = 1e-3\nmax_iters = 40\nlr_decay_iters = 40\nbias = True\n"
    )
    train = scripts / "small_lm/train.py"
    given = "lr_decay_iters = 200\nbias = False\ngrad_clip = 1.0\nexec(open("
    train.write_text(train.read_text().replace("exec(open(", given))
    spec = draft(scripts, ["python", "small_lm/train.py", "small_lm/tiny.py"], run=False).spec
    assert spec.full_task.fidelity == {"max_iters": 40}
    assert spec.start[0]["learning_rate"] == 1e-3
    assert spec.start[0]["grad_clip"] == 1.0
    values = placeholder_values(spec, {**spec.start[0], "bias": True}, spec.tasks[0], "/t")
    line = command_line(spec, values)
    assert "--bias=True" in line
    made = draft(scripts, "small_lm/train.py", run=False)
    assert "--lr_decay_iters is as long: {max_iters} there, too" in made.text


def test_a_file_whose_name_stands_in_the_source(scripts: Path) -> None:
    (scripts / "fixed.py").write_text(
        "import json\nc = json.load(open('settings.json'))\nprint('loss', 0.5)\n"
    )
    told = draft(scripts, "fixed.py").advice[0]
    assert told.startswith("fixed.py reads settings.json")
    assert told.endswith("hpo-tui init --force -- python fixed.py settings.json")


def test_settings_in_the_source_go_before_a_file_of_data(scripts: Path) -> None:
    (scripts / "both.py").write_text(
        "import json\nlr = 0.1\nlabels = json.load(open('settings.json'))\nprint('loss', 0.5)\n"
    )
    made = draft(scripts, "both.py")
    assert [p.name for p in made.spec.space] == ["lr"]
    assert "trial.params" in made.advice[0]


def test_a_path_as_the_default_of_a_configuration_file(scripts: Path) -> None:
    (scripts / "pathy.py").write_text(
        "import argparse\nfrom pathlib import Path\np = argparse.ArgumentParser()\n"
        "p.add_argument('--config', type=Path, default=Path('settings.json'))\np.parse_args()\n"
    )
    spec = draft(scripts, "pathy.py", run=False).spec
    assert spec.command[-2:] == ("--config", "{trial_dir}/settings.json")


def test_a_configuration_file_becomes_a_template(scripts: Path, tmp_path: Path) -> None:
    made = draft(scripts, "configured.py")
    spec = made.spec
    assert spec.command[-2:] == ("--config", "{trial_dir}/settings.json")
    assert spec.template == ("settings.template.json", "settings.json")
    text = made.files["settings.template.json"]
    assert '"lr": {optim.lr}' in text
    assert '"log_interval": 10' in text
    assert made.tried is not None
    assert made.tried.code == 0
    paths = made.save(tmp_path / "study")
    assert [p.name for p in paths] == ["study.toml", "settings.template.json"]
    with pytest.raises(FileExistsError):
        made.save(tmp_path / "study")
    # A writing that was cut off has left no study file, and is no obstacle to the next.
    paths[0].unlink()
    left = tmp_path / "study" / ".study.toml.abcd.tmp"
    left.write_text("half")
    os.utime(left, (0.0, 0.0))
    assert made.save(tmp_path / "study") == paths
    assert sorted((tmp_path / "study").iterdir()) == sorted(paths)
    paths[0].unlink()
    paths[1].write_text("mine")
    with pytest.raises(FileExistsError):
        made.save(tmp_path / "study")
    paths[1].unlink()
    paths[1].mkdir()
    with pytest.raises(IsADirectoryError):
        made.save(tmp_path / "study", overwrite=True)
    assert not paths[0].exists()


def test_a_seed_in_a_configuration_file_is_that_of_the_repeat(scripts: Path) -> None:
    file = scripts / "settings.json"
    file.write_text(file.read_text("utf-8").replace('"epochs"', '"seed": 3, "epochs"'), "utf-8")
    made = draft(scripts, "configured.py")
    assert '"seed": {seed}' in made.files["settings.template.json"]
    assert made.tried is not None
    assert made.tried.code == 0


def test_what_a_function_sets_of_a_configuration_is_found(scripts: Path) -> None:
    (scripts / "fit.py").write_text(
        "class Node: pass\n\n\n"
        "class Trainer:\n"
        "    def default():\n"
        "        C = Node()\n"
        "        C.device = 'auto'\n"
        "        C.max_iters = 20\n"
        "        C.learning_rate = 3e-4\n"
        "        return C\n"
        "    def __init__(self):\n"
        "        self.batch_size = 7\n\n\n"
        "config = Trainer.default()\n"
        "print('val_loss', config.learning_rate)\n"
    )
    made = draft(scripts, "fit.py")
    assert [p.name for p in made.spec.space] == ["learning_rate"]
    assert made.spec.full_task.fidelity == {"max_iters": 20}
    (said,) = made.advice
    assert "Put this behind all that sets C, before it is used (" in said
    assert "setattr(config, name, value)  # config: the object whose max_iters is used" in said


def test_the_file_that_a_script_reads_if_it_is_given_none_is_named_with_its_option(
    scripts: Path,
) -> None:
    (scripts / "argued.py").write_text(
        "import json, sys\n"
        "at = sys.argv.index('--config') + 1 if '--config' in sys.argv else 0\n"
        "config = json.load(open(sys.argv[at] if at else 'settings.json'))\n"
        "print('loss', config['optim']['lr'])\n"
    )
    first, *_ = draft(scripts, "argued.py", run=False).advice
    assert "it reads settings.json" in first
    command = first.partition("hpo-tui init --force -- ")[2]
    assert command == "python argued.py --config settings.json"
    again = draft(scripts, command.split(), run=False)
    assert "optim.lr" in [p.name for p in again.spec.space]
    assert again.advice == ()
