"""A script of Ray Tune's as one trial, behind a stand-in for Ray, or Ray itself if it is there."""

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.execution.place import Ended, Place

MODULE = "hpo_tui.engine.objective.raytune"
STANDIN = Path(__file__).with_name("client")
REAL = pytest.param(
    "real", marks=pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs ray[tune]")
)
FUNCTION = """\
import json, os, tempfile
import ray
from ray import tune
def train(config, data=None):
    start, held = 0, tune.get_checkpoint()
    if held:
        with held.as_directory() as folder:
            start = json.load(open(os.path.join(folder, "state.json")))["epoch"]
    print("from", start, sorted(config), ray.get(data))
    for epoch in range(start, 8):
        {inside}
        with tempfile.TemporaryDirectory() as folder:
            json.dump({{"epoch": epoch + 1}}, open(os.path.join(folder, "state.json"), "w"))
            tune.report(
                {{"loss": config["lr"] / (epoch + 1), "val": {{"n": config["net"]["width"]}}}},
                checkpoint=tune.Checkpoint.from_directory(folder))
    open("whole", "w").close()
if __name__ == "__main__":
    ray.init(num_cpus=2)
    ref = ray.put("data")
    tuner = tune.Tuner(
        lambda config: train(config, ref),
        param_space={{"lr": tune.loguniform(1e-4, 1e-1), "epochs": 8,
            "net": {{"width": tune.randint(4, 9), "act": tune.choice([None, print])}}}},
        tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=5))
    results = tuner.fit()
    raise SystemExit("behind the search")
"""
CLASS = """\
from ray import tune
class Net(tune.Trainable):
    def setup(self, config):
        self.x = 0.0
    def step(self):
        self.x += self.config["lr"]
        return {"score": self.x, "before": self._iteration}
    def save_checkpoint(self, folder):
        return {"x": self.x}
    def load_checkpoint(self, held):
        self.x = held["x"]
tune.run(Net, config={"lr": tune.uniform(0, 1)}, metric="score", mode="max", stop={"score": 2})
"""
EARLY = """\
import os
from ray import tune
def train(config, checkpoint_dir=None):
    held = os.path.join(checkpoint_dir, "n") if checkpoint_dir else ""
    for epoch in range(int(open(held).read()) if held else 0, 6):
        with tune.checkpoint_dir(step=epoch) as folder:
            open(os.path.join(folder, "n"), "w").write(str(epoch + 1))
        tune.report(loss=config["lr"] * epoch)
tune.run_experiments({"early": {"run": train, "config": {"lr": tune.grid_search([1, 2])}}})
"""
PARAMS = {"lr": 0.01, "net.width": 4, "net.act": "None"}


@pytest.fixture(params=["stand-in", REAL])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A folder with a study, whose scripts find Ray."""
    (tmp_path / "study.toml").write_text('[[objective]]\nmetric="loss"\ndirection="minimize"\n')
    monkeypatch.setenv("HPO_TRIAL_DIR", str(tmp_path / "trial"))
    monkeypatch.setenv("HPO_CHECKPOINT", str(tmp_path / "checkpoint"))
    return Place(tmp_path, MODULE, (STANDIN,) if request.param == "stand-in" else ())


def trained(place: Place, steps: int, **given: Any) -> Ended:
    """Return a trial of so many steps that has ended well."""
    ended = place.run(**({"params": PARAMS, "fidelity": {"training_iteration": steps}} | given))
    assert ended.code == 0, ended.out
    return ended


def test_a_trial_ends_after_its_steps_and_a_promotion_goes_on_from_there(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.script(FUNCTION.format(inside="pass"))
    ended = trained(place, 2)
    assert "from 0 ['epochs', 'lr', 'net'] data" in ended.out
    assert ended.reports == [
        {"step": 1, "loss": 0.01, "val/n": 4},
        {"step": 2, "loss": 0.005, "val/n": 4},
    ]
    assert len(list((place.folder / "checkpoint").glob("checkpoint_*"))) == 1
    monkeypatch.setenv("HPO_RESUME", str(place.folder / "checkpoint"))
    ended = trained(place, 4)
    assert "from 2" in ended.out
    assert [r["step"] for r in ended.reports] == [1, 2, 3, 4]
    # What was killed after its last checkpoint tells its result again, and trains no more.
    assert trained(place, 4).reports[4:] == [{"step": 4, "loss": 0.0025, "val/n": 4}]
    assert not (place.folder / "trial/files/whole").exists()


def test_what_the_script_writes_stands_in_the_folder_of_the_trial(place: Place) -> None:
    place.script(FUNCTION.format(inside="pass"))
    assert len(trained(place, 99).reports) == 8
    assert (place.folder / "trial/files/whole").exists()


def test_a_class_is_trained_and_goes_on_from_its_checkpoint(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.script(CLASS)
    (place.folder / "study.toml").write_text(
        '[[objective]]\nmetric="score"\ndirection="maximize"\n'
    )
    assert trained(place, 2, params={"lr": 0.5}).reports == [
        {"step": 1, "score": 0.5, "before": 0},
        {"step": 2, "score": 1.0, "before": 1},
    ]
    monkeypatch.setenv("HPO_RESUME", str(place.folder / "checkpoint"))
    reports = trained(place, 9, params={"lr": 0.5}).reports[2:]
    assert [r.pop("before") for r in reports] == [2, 3]
    assert reports == [{"step": 3, "score": 1.5}, {"step": 4, "score": 2.0}]  # its own stop


def test_a_script_of_ray_s_early_versions_is_understood(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.script(EARLY)
    trained(place, 2, params={"lr": 2})
    monkeypatch.setenv("HPO_RESUME", str(place.folder / "checkpoint"))
    reports = trained(place, 3, params={"lr": 2}).reports
    assert [(r["step"], r["loss"]) for r in reports] == [(1, 0), (2, 2), (3, 4)]


def test_a_trial_that_is_asked_to_end_saves_first(place: Place) -> None:
    place.script(FUNCTION.format(inside="epoch == 1 and os.kill(os.getpid(), 15)"))
    assert [r["step"] for r in trained(place, 8).reports] == [1, 2]
    assert (place.folder / "checkpoint/checkpoint_000002/state.json").exists()


def test_an_error_is_the_script_s_own(place: Place) -> None:
    place.script(FUNCTION.format(inside="assert epoch < 1, 'out of luck'"))
    ended = place.run(params=PARAMS)
    assert ended.code == 1
    assert ended.out.rstrip().endswith("AssertionError: out of luck")
    assert len(ended.reports) == 1


def test_what_catches_everything_does_not_train_on(place: Place) -> None:
    caught = (
        "\n        try:\n            tune.report({'loss': 1.0})\n        except BaseException: pass"
    )
    place.script(FUNCTION.format(inside=caught))
    assert len(trained(place, 1).reports) == 1


def test_a_parameter_that_the_study_lacks_ends_the_trial_in_a_sentence(place: Place) -> None:
    place.script(FUNCTION.format(inside="pass"))
    ended = place.run(params={"lr": 0.01, "net.act": "print"})
    assert ended.code == 1
    assert 'the study lacks: add [space."net.width"] (is = "int"' in ended.out
    assert "Traceback" not in ended.out


def test_the_first_look_needs_no_parameters_and_is_told_of_the_search(place: Place) -> None:
    place.script(FUNCTION.format(inside="pass"))
    ended = place.run(record=True, fidelity={"training_iteration": 1})
    assert ended.code == 0, ended.out
    said = ended.recorded[0]["tune"]
    assert (said["metric"], said["mode"], said["samples"]) == (["loss"], ["min"], 5)
    assert [e["name"] for e in said["space"]] == ["lr", "epochs", "net.width", "net.act"]
    assert said["space"][3]["choices"] == ["None", "print"]
    keys = {key for line in ended.recorded for key in line}
    assert {"loads", "saves", "steps"} <= keys
    assert "ended" not in keys


def test_without_ray_it_is_said_what_is_missing(tmp_path: Path) -> None:
    if importlib.util.find_spec("ray"):
        pytest.skip("ray is installed")
    place = Place(tmp_path, MODULE)
    place.script("raise SystemExit('not to be run')")
    ended = place.run()
    assert ended.code == 1
    assert 'pip install "ray[tune]"' in ended.out
    assert "Traceback" not in ended.out


def test_a_checkpoint_that_is_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    from hpo_tui.engine.objective.raytune.kept import Kept, keep, kept_in

    def full(folder: Path) -> str:
        (folder / "half").touch()
        raise OSError(28, os.strerror(28))

    first = keep(tmp_path, Kept(Path(), 3, 1.5, {"loss": 0.5}), lambda f: str(f / "m")[:0])
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, Kept(Path(), 4), full)
    assert kept_in(tmp_path) == first
    again = keep(tmp_path, Kept(Path(), 3), lambda _: "")
    assert kept_in(tmp_path) == again
    assert json.loads((tmp_path / "ray_tune.json").read_text())["folder"] == again.folder.name
    assert len(list(tmp_path.glob("checkpoint_*"))) == 1
