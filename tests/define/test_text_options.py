"""Options that are texts: what ``init`` says of one that is worth a search, without its values."""

from pathlib import Path
from textwrap import dedent

from hpo_tui.engine.spec import StudySpec
from tests.define.conftest import draft


def test_of_a_text_without_choices_it_is_said_what_to_write(scripts: Path) -> None:
    script = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--model", default="out/model.pt")
    parser.add_argument("--name", default="sgd")
    args = parser.parse_args()
    print("loss=0.5")
    """
    (scripts / "train.py").write_text(dedent(script))
    text = draft(scripts, "train.py", run=False).text
    assert "which values --optimizer can have" in text
    assert "space.model" not in text
    # Done as it says, the study is one that tries both.
    assert "add --optimizer {optimizer} to the command" in text
    lines = [line.removeprefix("#   ") for line in text.splitlines()]
    at = lines.index("[space.optimizer]")
    table = "\n".join(lines[at : at + 3])
    study = text.replace("train.py --lr", "train.py --optimizer {optimizer} --lr") + "\n" + table
    spec = StudySpec.from_text(study)
    assert spec.parameter("optimizer").choices == ("sgd", "another")
    assert "{optimizer}" in " ".join(spec.command)


def test_choices_for_training_are_searched_and_others_are_written_out(scripts: Path) -> None:
    script = """
    import argparse
    parser = argparse.ArgumentParser()
    for name in ("lr", "dropout", "momentum", "weight_decay"):
        parser.add_argument(f"--{name}", type=float, default=0.01)
    parser.add_argument("--lr_schedule", choices=["cosine", "step", "none"], default="step")
    parser.add_argument("--flavour", choices=["mild", "hot"], default="mild")
    parser.add_argument("--mode", choices=["train", "eval"], default="train")
    parser.parse_args()
    print("loss=0.5")
    """
    (scripts / "train.py").write_text(dedent(script))
    text = draft(scripts, "train.py", run=False).text
    spec = StudySpec.from_text(text)
    assert spec.parameter("lr_schedule").choices == ("cosine", "step", "none")
    assert not {p.name for p in spec.space} & {"flavour", "mode"}
    assert "space.mode" not in text
    # Done as it says, the study searches the other one too.
    lines = [line.removeprefix("#   ") for line in text.splitlines()]
    at = lines.index("[space.flavour]")
    assert lines[at - 1] == "--flavour {flavour}"
    study = text.replace("train.py --lr", f"train.py {lines[at - 1]} --lr")
    spec = StudySpec.from_text(study + "\n" + "\n".join(lines[at : at + 3]))
    assert spec.parameter("flavour").choices == ("mild", "hot")
