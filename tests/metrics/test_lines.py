"""Metrics in what scripts print: the ways of writing them, and what is no metric."""

import math
import time
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.execution.metrics.collector import discover
from hpo_tui.engine.execution.metrics.lines import LineParser
from hpo_tui.engine.execution.metrics.names import Names

NAMES = ("accuracy", "val_loss", "top-1")


def parse_line(line: str, names: Collection[str]) -> dict[str, float]:
    entry = LineParser(Names(names)).parse(line)
    return entry[1] if entry else {}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("accuracy=0.91", {"accuracy": 0.91}),
        ("accuracy: 0.91, val_loss: 3.5e-2", {"accuracy": 0.91, "val_loss": 0.035}),
        ("Accuracy = .5", {"accuracy": 0.5}),
        ("accuracy 0.91 val_loss 12", {"accuracy": 0.91, "val_loss": 12.0}),
        ("accuracy: 91.5%", {"accuracy": 91.5}),
        ("accuracy: 91.5 % of 100", {"accuracy": 91.5}),
        ("Test set: Average loss: 0.05, Accuracy: 9876/10000 (99%)", {"accuracy": 0.9876}),
        ("accuracy 0.25:  50%|█████     | 2/4 [00:00<00:00]", {"accuracy": 0.25}),
        ("accuracy 45 / 50", {"accuracy": 0.9}),
        ("Test: [  24/24]  Time: 0.2 (0.7)  Top-1:   0.200 (  70.740)", {"top-1": 70.74}),
        ("Epoch: [3][  10/5005]\tTop-1 69.5% (70.1%)", {"top-1": 70.1}),
        ("[5/20] accuracy: 0.91 (best 0.92)", {"accuracy": 0.91}),
        ("Fold [1/5] accuracy: 0.95 (0.02)", {"accuracy": 0.95}),
        ("accuracy: 0.95 (0.02)", {"accuracy": 0.95}),
        ("Class  Instances  R  accuracy: 100%|████| 4/4 [00:01<00:00]", {}),
        ("accuracy: 0.5/0.6", {"accuracy": 0.5}),
        ("accuracy: 12/5", {"accuracy": 12.0}),
        ("accuracy=-1E+3", {"accuracy": -1000.0}),
        ("accuracy=1,234.5", {"accuracy": 1234.5}),
        ("accuracy=1,234,567", {"accuracy": 1234567.0}),
        ("accuracy=0,91", {"accuracy": 0.91}),
        ("accuracy=0,912, val_loss: 12,5", {"accuracy": 0.912, "val_loss": 12.5}),
        ("accuracy: 91,55 %", {"accuracy": 91.55}),
        ("accuracy=1,5e-3", {"accuracy": 0.0015}),
        ("accuracy=1,val_loss=2", {"accuracy": 1.0, "val_loss": 2.0}),
        ("accuracy=(1, 5)", {"accuracy": 1.0}),
        ("accuracy=1,2,3", {"accuracy": 1.0}),
        ("accuracy (last 10): 0.91", {"accuracy": 0.91}),
        ("accuracy (mean of 5 folds) = 0.91", {"accuracy": 0.91}),
        ("accuracy (train): 0.99", {}),
        ("accuracy: inf", {"accuracy": math.inf}),
        ("accuracy: -Infinity", {"accuracy": -math.inf}),
        ("\x1b[32maccuracy\x1b[0m: \x1b[1m0.5\x1b[0m", {"accuracy": 0.5}),
        ("{'accuracy': 0.7, 'epoch': 1.0}", {"accuracy": 0.7}),
        (
            "{'val_loss': '0.65', 'accuracy': '0.7', 'epoch': '2'}",
            {"accuracy": 0.7, "val_loss": 0.65},
        ),
        ('{"accuracy": 0.7, "nested": {"val_loss": "0.2"}}', {"accuracy": 0.7, "val_loss": 0.2}),
        ('INFO {"accuracy": 0.7}', {"accuracy": 0.7}),
        ("accuracy=tensor(0.9123, device='cuda:0')", {"accuracy": 0.9123}),
        ("accuracy: np.float64(0.5)", {"accuracy": 0.5}),
        ("│      accuracy      │       0.93       │", {"accuracy": 0.93}),
        ("| accuracy | 0.93 |", {"accuracy": 0.93}),
        ("Validation loss 0.3, val loss: 0.4", {"val_loss": 0.4}),
        ("top-1: 0.8 top-5: 0.9", {"top-1": 0.8}),
        ("train accuracy: 0.99, test accuracy: 0.91", {}),
        ("val/accuracy: 0.9 my.accuracy=0.9 accuracy_top5=0.9", {}),
        ("best accuracy: 0.99", {}),
        ("accuracy: 2026-11-23 10:00", {}),
        ("accuracy at 10:30", {}),
        ("accuracy: none", {}),
        ("accuracy=0.9 (best accuracy=0.95)", {"accuracy": 0.9}),
        ("", {}),
    ],
)
def test_lines(line: str, found: dict[str, float]) -> None:
    assert parse_line(line, NAMES) == found


@pytest.mark.parametrize(
    "line",
    [
        "Train: loss=0.3 accuracy=0.99 | Val: loss=0.5 accuracy=0.91",
        "Val: loss=0.5 accuracy=0.91 | Train: loss=0.3 accuracy=0.99",
        "[training] accuracy 0.99 [test] accuracy 0.91",
        "train accuracy 0.99 | accuracy 0.91",
        '{"train": {"accuracy": 0.99}, "val": {"accuracy": 0.91}}',
        "{'eval': {'accuracy': 0.91}, 'train': {'accuracy': 0.99}}",
        "Train: accuracy=0.91",
        "Train: accuracy=0.91, accuracy=0.99",
        "accuracy=0.91 accuracy=0.99",
        "[10]\ttraining's accuracy: 0.99\tvalid_1's accuracy: 0.91",
    ],
)
def test_of_a_name_that_is_there_twice_that_of_the_training_does_not_count(line: str) -> None:
    assert parse_line(line, NAMES) == {"accuracy": 0.91}


def test_nan_is_a_value() -> None:
    assert math.isnan(parse_line("accuracy: nan", NAMES)["accuracy"])
    assert math.isnan(parse_line('{"accuracy": NaN}', NAMES)["accuracy"])


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Epoch 3/10 accuracy=1", 3),
        ("Epoch [3/10], accuracy: 1", 3),
        ("[epoch 3] accuracy 1", 3),
        ("epoch=3 | accuracy=1", 3),
        ("epoch: 3.0 accuracy=1", 3),
        ("Epoch #3: accuracy=1", 3),
        ("step 1,200 accuracy=1", 1200),
        ("global_step=5 accuracy=1", 5),
        ("epoch 2 step 900 accuracy=1", 2),
        ("iter 7: accuracy 1", 7),
        ("Epoch 1:  50%|████     | 50/100 [00:01<00:01, 49.9it/s, accuracy=1]", 1),
        ('{"epoch": 4, "accuracy": 1}', 4),
        ("step_size=4 epochs=60 accuracy=1", 1),  # no step: the first report
        ("epoch_time 4.5 accuracy=1", 1),
    ],
)
def test_steps(line: str, step: int) -> None:
    assert LineParser(Names(NAMES)).parse(line) == (step, {"accuracy": 1.0})


def test_a_step_holds_for_the_lines_below_it() -> None:
    parser = LineParser(Names(NAMES))
    assert parser.parse("Epoch 3/10") is None
    assert parser.parse("  val_loss: 0.5") == (3, {"val_loss": 0.5})
    assert parser.parse("  accuracy: 0.5") == (3, {"accuracy": 0.5})


def test_epochs_and_iterations_are_not_mixed() -> None:
    parser = LineParser(Names(NAMES))
    assert parser.parse("step 100 accuracy=0.1") == (100, {"accuracy": 0.1})
    assert parser.parse("epoch 1 done") is None
    assert parser.parse("accuracy=0.2") == (100, {"accuracy": 0.2})
    assert parser.parse("step 200 epoch 1 accuracy=0.3") == (200, {"accuracy": 0.3})


def test_reports_without_any_step_are_counted() -> None:
    parser = LineParser(Names(NAMES))
    lines = ("accuracy=1", "val_loss=1", "accuracy=2", "val_loss=2")
    assert [entry[0] for line in lines if (entry := parser.parse(line))] == [1, 1, 2, 2]


def test_a_pattern_takes_the_place_of_the_grammar() -> None:
    names = Names(["accuracy"], {"acc": "accuracy"})
    parser = LineParser(names, pattern=r"ep (?P<epoch>\d+) .* A(?P<acc>[\d.]+)%")
    assert parser.parse("ep 4 of 9 A91.5%") == (4, {"accuracy": 91.5})
    assert parser.parse("accuracy=0.1") is None
    counts = LineParser(names, pattern=r"right: (?P<acc>[\d/]+)")
    assert counts.parse("right: 9832/10000 (98%)") == (1, {"accuracy": 0.9832})
    assert counts.parse("right: 12/10") is None


@pytest.mark.parametrize(
    "line",
    [
        "resumed from epoch 7",
        "=> loaded checkpoint 'last.pt' (epoch 7)",
        "Continuing training from epoch 7",
    ],
)
def test_the_step_of_a_checkpoint_is_not_that_of_what_follows(line: str) -> None:
    parser = LineParser(Names(["loss"]))
    assert parser.parse(line) is None
    assert parser.parse("[8/27] loss 0.5") == (8, {"loss": 0.5})
    again = LineParser(Names(["loss"]))
    assert not again.note_steps(line)
    other = LineParser(Names(["loss"]))
    other.restore(again.state())
    assert other.parse("[8/27] loss 0.5") == (8, {"loss": 0.5})
    assert other.parse("epoch 9 loss 0.4") == (9, {"loss": 0.4})
    assert other.parse("restoring weights of epoch 2") is None
    assert other.parse("loss 0.3") == (9, {"loss": 0.3})
    assert other.parse("epoch 10: loaded the weights, loss 0.2") == (10, {"loss": 0.2})


def test_metrics_beside_the_step_of_a_checkpoint_are_of_that_step() -> None:
    parser = LineParser(Names(["loss"]))
    for epoch in (4, 5):
        assert parser.parse(f"[resume] epoch {epoch} loss 0.3") == (epoch, {"loss": 0.3})
    assert parser.parse("loss 0.2") == (6, {"loss": 0.2})
    assert parser.parse("epoch 20 loss 0.1") == (20, {"loss": 0.1})
    assert parser.parse("Restored weights of epoch 12, loss 0.05") == (12, {"loss": 0.05})
    assert parser.parse("loss 0.1") == (20, {"loss": 0.1})


@pytest.mark.parametrize("digits", [25, 400])
def test_a_checkpoint_of_no_possible_step_is_none(digits: int) -> None:
    parser = LineParser(Names(["loss"]))
    assert parser.parse(f"resumed from epoch {'9' * digits}") is None
    assert parser.parse("loss 0.5") == (1, {"loss": 0.5})


def test_the_step_key_can_be_named() -> None:
    parser = LineParser(Names(["loss"]), step="tick")
    assert parser.parse("epoch 1 tick 50 loss 2.0") == (50, {"loss": 2.0})


def test_names_that_differ_by_case_alone_are_told_apart() -> None:
    assert parse_line("Loss=1 loss=2", ["Loss", "loss"]) == {"Loss": 1.0, "loss": 2.0}


def test_renamed_names_are_taken() -> None:
    parser = LineParser(Names(["accuracy"], {"Validation accuracy": "accuracy"}))
    assert parser.parse("train accuracy: 0.9 Validation accuracy: 0.8") == (1, {"accuracy": 0.8})


@pytest.mark.parametrize(
    ("training", "other"),
    [
        (
            "Training Results - Epoch: {n} Avg accuracy: 0.99",
            "Validation Results - Epoch: {n} Avg accuracy: 0.9{n}",
        ),
        ("[train] epoch {n} accuracy 0.99", "[test] epoch {n} accuracy 0.9{n}"),
        (
            '{{"mode": "train", "epoch": {n}, "accuracy": 0.99}}',
            '{{"mode": "val", "epoch": {n}, "accuracy": 0.9{n}}}',
        ),
        (
            '{{"epoch": {n}, "train": {{"accuracy": 0.99}}}}',
            '{{"epoch": {n}, "eval": {{"accuracy": 0.9{n}}}}}',
        ),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_of_a_line_each_that_of_the_training_does_not_count(
    training: str, other: str, *, first: bool
) -> None:
    lines = [(training if t else other).format(n=n) for n in (1, 2) for t in (first, not first)]
    names = Names(["Avg accuracy", "accuracy"] if "Avg" in other else ["accuracy"])
    parser, told = LineParser(names), {}
    for line in lines:
        if entry := parser.parse(line):
            told[entry[0]] = list(entry[1].values())
        again = LineParser(names)
        again.restore(parser.state())
        parser = again
    assert told == {1: [0.91], 2: [0.92]}


def test_of_the_training_alone_it_counts() -> None:
    parser = LineParser(Names(["loss"]))
    lines = [f"Train epoch {n} loss {n}" for n in (1, 2)]
    assert [parser.parse(line) for line in lines] == [(1, {"loss": 1.0}), (2, {"loss": 2.0})]


def test_discover_lists_what_looks_like_a_metric() -> None:
    text = "Epoch 1/2 loss: 0.5 val accuracy: 0.1\rEpoch 2/2 loss: 0.25 val accuracy: 0.2\nbye\n"
    assert discover(text) == {"loss": [0.5, 0.25], "val_accuracy": [0.1, 0.2]}
    assert discover("lr=0.1 on cuda:0 at 10:30:22, took 3.5") == {"lr": [0.1]}
    assert discover("mse 0.25  params 2742, lines 3") == {"mse": [0.25], "params": [2742]}
    assert discover("params 1,234 or params 3 of 5") == {}
    assert discover("done in 0.54 s, converged to 0.1 after 3.5: mse 0.25\n") == {"mse": [0.25]}
    table = "epoch   train_loss   valid_acc   time\n0   \x1b[36m0.9\x1b[0m   0.6   00:10\n"
    table += "1   0.8   0.7   00:10\n"
    assert discover(table) == {"train_loss": [0.9, 0.8], "valid_acc": [0.6, 0.7]}
    assert discover("Loading the data\n1 2 3\n") == {}
    table = (
        "┃ epoch ┃ val loss ┃ time ┃\n┡━━━━━━━╇━━━━━━━━━━╇━━━━━━┩\n│ 0     │ 0.4      │ 1.2s │\n"
    )
    assert discover(table) == {"val_loss": [0.4]}


@given(st.floats(allow_nan=False), st.sampled_from(["=", ": ", " = ", ":", " "]))
def test_every_printed_float_is_read_back(value: float, between: str) -> None:
    assert parse_line(f"accuracy{between}{value!r}", NAMES) == {"accuracy": value}


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    for line in (text, f"accuracy={text}", f"{{{text}}}", f"epoch {text} accuracy 1"):
        parse_line(line, NAMES)
        discover(line)


@pytest.mark.parametrize("piece", ["accuracy", "accuracy ", "1,111", "[", "0" * 9, "test ", "a_"])
def test_no_line_takes_long(piece: str) -> None:
    line = piece * (60_000 // len(piece))
    begun = time.process_time()
    parse_line(line, NAMES)
    discover(line)
    assert time.process_time() - begun < 2.0


def test_episodes_are_steps_where_no_other_is_named() -> None:
    parser = LineParser(Names(["return"]))
    assert parser.parse("Episode 20 | return 12.5") == (20, {"return": 12.5})
    assert parser.parse("Episode 40 | return 14.5") == (40, {"return": 14.5})
    other = LineParser(Names(["return"]))
    assert other.parse("episode 20, step 4000, return 12.5") == (4000, {"return": 12.5})
