import time

import pytest

from hpo_tui.engine.define.fidelity import find_fidelity, tasks_for
from hpo_tui.engine.define.guess import propose
from hpo_tui.engine.define.options import Option, kind_of
from hpo_tui.engine.define.printed import Printed, direction_of, is_metric, read_output
from hpo_tui.engine.define.ranges import nice
from hpo_tui.engine.spec import Direction, ParameterKind, Value


def option(name: str, default: Value | None, **more: object) -> Option:
    kind = "float" if default is None else kind_of(default)
    return Option(name, f"--{name}", more.pop("kind", kind), default, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "default", "low", "high", "log"),
    [
        ("lr", 0.001, 1e-5, 1e-2, True),
        ("learning-rate", 0.1, 1e-3, 1.0, True),
        ("base_lr", None, 1e-5, 1e-1, True),
        ("weight_decay", 0.0, 1e-6, 1e-1, True),
        ("wd", 0.0001, 1e-6, 1e-2, True),
        ("momentum", 0.9, 0.5, 0.99, False),
        ("dropout", 0.1, 0.0, 0.6, False),
        ("attn_dropout", 0.8, 0.0, 0.8, False),
        ("label-smoothing", 0.1, 0.0, 0.3, False),
        ("subsample", 1.0, 0.3, 1.0, False),
        ("model.dropout", 0.1, 0.0, 0.6, False),
        ("mystery", 0.4, 0.0, 0.99, False),
        ("mystery", 0.995, 0.9, 0.9999, False),
        ("warmup", 0.3, 0.0, 0.5, False),
        ("log_lr", -2.0, -4.0, -1.0, False),
        ("log2-batch", 6, 4, 8, False),
        ("warp", 6.0, 2.0, 20.0, True),
        ("min_lr", 1e-5, 1e-7, 1e-4, True),
        ("lr_backbone", 1e-5, 1e-7, 1e-4, True),
        ("lr0", 0.01, 1e-4, 0.1, True),
        ("mixup_prob", 1.0, 0.0, 1.0, False),
        ("ema_decay", 0.9998, 0.9, 0.9999, False),
        ("gradient_clip_val", 2.0, 0.2, 20.0, True),
        ("blr", 1e-3, 1e-5, 1e-2, True),
        ("lr_d", 2e-4, 2e-6, 2e-3, True),
        ("weight_decay_end", 0.4, 0.005, 1.0, True),
        ("mixup", 0.8, 0.0, 1.0, False),
        ("gae-lambda", 0.95, 0.8, 1.0, False),
        ("gamma", 0.99, 0.9, 0.9999, False),
        ("gamma", 0.7, 0.3, 1.0, False),
        ("ent_coef", 0.01, 0.001, 0.1, True),
        ("layer_scale", 1e-6, 1e-7, 1e-5, True),
        ("lora_alpha", 16.0, 5.0, 50.0, True),
        ("lambda_", 0.95, 0.8, 1.0, False),
        ("warmup_temperature", 0.04, 0.005, 0.5, True),
        ("density", 0.2, 0.02, 1.0, True),
        ("weight-density", 1.0, 0.1, 1.0, True),
        ("sparsity", 0.9, 0.0, 0.99, False),
    ],
)  # fmt: skip
def test_ranges(name: str, default: float | None, low: float, high: float, log: bool) -> None:
    found = propose(option(name, default))
    assert found is not None
    assert (found.parameter.low, found.parameter.high, found.parameter.log) == (low, high, log)


@pytest.mark.parametrize(
    ("name", "default", "choices"),
    [
        ("batch-size", 64, (16, 32, 64, 128, 256)),
        ("hidden_dim", 100, (32, 64, 100, 128, 256, 512)),
        ("num_leaves", 31, (8, 16, 31, 64, 128)),
        ("width", 8, (2, 4, 8, 16, 32)),
        ("per_device_train_batch_size", 8, (2, 4, 8, 16, 32)),
        ("batch-size-per-gpu", 8, (2, 4, 8, 16, 32)),
        ("lora_r", 8, (2, 4, 8, 16, 32)),
        ("num_heads", 12, (3, 6, 12, 24)),
        ("n_head", 1, (1, 2)),
    ],
)
def test_powers_of_two_hold_the_default(name: str, default: int, choices: tuple[int, ...]) -> None:
    found = propose(option(name, default))
    assert found is not None
    assert found.parameter.kind is ParameterKind.ORDINAL
    assert default in found.parameter.choices
    assert found.parameter.choices == choices


@pytest.mark.parametrize(
    "name",
    ["seed", "port", "num_workers", "log_interval", "local_rank", "test_batch_size", "img_size",
     "gpu", "save_every", "eval_batch_size", "per_device_eval_batch_size",
     "num_classes", "vocab_size", "print_freq", "patience", "lr_drop", "lr_decay_epochs",
     "warmup_lr", "callbacks.summary.max_depth", "best_epoch"],
)  # fmt: skip
def test_what_is_left_alone(name: str) -> None:
    assert propose(option(name, 10)) is None


@pytest.mark.parametrize(
    "given",
    [
        Option("adam_epsilon", "--adam_epsilon", "float", 1e-8),
        Option("neftune_noise_alpha", "--neftune_noise_alpha", "float"),
        Option("ddp_backend", "--ddp_backend", "text", choices=("nccl", "gloo", "mpi")),
        Option(
            "hub_strategy", "--hub_strategy", "text", "every_save", choices=("end", "every_save")
        ),
        Option("skip_memory_metrics", "--no_skip_memory_metrics", "bool", True),
        Option("trainer.benchmark", "--trainer.benchmark", "text", choices=(True, False, "null")),
        Option("trainer.sync_batchnorm", "--trainer.sync_batchnorm", "bool", False),
        Option("mixed_precision", "--mixed_precision", "text", choices=("no", "fp16", "bf16")),
        Option("data_set", "--data-set", "text", "flowers", choices=("flowers", "birds")),
        Option("mode", "--mode", "text", choices=("train", "eval")),
        Option("phase", "--phase", "text", choices=("a", "b")),
        Option("amp_opt_level", "--amp-opt-level", "text", choices=("O0", "O1")),
        Option("trainer", "trainer", "text", "gpu", choices=("cpu", "gpu", "ddp")),
        Option("ema_force_cpu", "--ema-force-cpu", "bool", False),
        Option("best_val_loss", "--best_val_loss", "float", 1e9),
        Option("min_lr", "--min-lr", "float", 0.0),
        Option("max_depth", "--max-depth", "int", -1),
        Option("student_dim", "--student-dim", "int"),
    ],
    ids=lambda o: o.name,
)
def test_what_trainers_take_besides_hyperparameters_is_left_alone(given: Option) -> None:
    assert propose(given) is None


def test_schedules_that_need_more_than_their_name_are_not_proposed() -> None:
    choices = ("linear", "cosine", "cosine_with_min_lr", "reduce_lr_on_plateau")
    found = propose(Option("lr_scheduler_type", "--lr_scheduler_type", "text", "linear", choices))
    assert found is not None
    assert found.parameter.choices == ("linear", "cosine")


def test_a_range_holds_what_is_usual_in_other_configurations() -> None:
    found = propose(Option("optim.lr", "optim.lr", "float", 0.001, elsewhere=(0.1,)))
    assert found is not None
    assert (found.parameter.low, found.parameter.high) == (1e-5, 1.0)


def test_a_guess_says_that_it_is_one() -> None:
    found = propose(option("mystery", 0.4))
    assert found is not None
    assert not found.sure
    assert "a guess" in found.note


def test_choices_of_unknown_meaning_are_a_guess() -> None:
    known = propose(Option("lr_scheduler_type", "--x", "text", "a", ("a", "b")))
    unknown = propose(Option("flavour", "--flavour", "text", "a", ("a", "b")))
    assert known is not None
    assert known.sure
    assert unknown is not None
    assert not unknown.sure


def test_a_parameter_without_a_default_says_so() -> None:
    found = propose(option("lr", None))
    assert found is not None
    assert found.note == "--lr, no default"


def test_steps_of_warmup_are_not_guessed_from_nothing() -> None:
    assert propose(option("warmup_steps", 0)) is None
    for name, default in (("warmup_steps", 100), ("warmup_epochs", 0)):
        assert propose(option(name, default)) is not None


def test_limits_of_the_script_are_kept() -> None:
    found = propose(option("lr", 0.01, low=0.005, high=0.02))
    assert found is not None
    assert (found.parameter.low, found.parameter.high) == (0.005, 0.02)


@pytest.mark.parametrize(
    ("default", "values"),
    [(60, [15, 30, 60]), (14, [4, 7, 14]), (10, [3, 5, 10]), (3, [1, 2, 3]), (2, [1, 2]), (1, [1])],
)
def test_tasks_of_epochs(default: int, values: list[int]) -> None:
    tasks = tasks_for(option("epochs", default))
    assert [t.fidelity["epochs"] for t in tasks] == values
    assert tasks[-1].cost == 1
    assert len({t.cost for t in tasks}) == len(tasks)
    assert tasks[0].cost == pytest.approx(values[0] / default, abs=1e-4)


def test_epochs_go_before_steps_and_fractions() -> None:
    options = [option("fraction", 1.0), option("max_steps", 100), option("num-epochs", 8)]
    found = find_fidelity(options)
    assert found is not None
    assert found.option.name == "num-epochs"
    assert [t.name for t in found.tasks] == ["2 epochs", "4 epochs", "8 epochs"]
    assert find_fidelity([option("lr", 0.1), option("epochs", None, kind="int")]) is None
    found = find_fidelity([option("max_steps", -1), option("num_train_epochs", 4.0)])
    assert found is not None
    assert [t.name for t in found.tasks] == ["1 epoch", "2 epochs", "4 epochs"]


def test_all_steps_of_an_environment_go_before_those_of_an_update() -> None:
    found = find_fidelity([option("num_steps", 128), option("total_timesteps", 1000)])
    assert found is not None
    assert [t.name for t in found.tasks] == ["250 timesteps", "500 timesteps", "1000 timesteps"]
    found = find_fidelity([option("n_epochs", 10), option("total_timesteps", 1000)])
    assert found is not None
    assert found.option.name == "total_timesteps", "epochs are those of an update there"
    found = find_fidelity([option("num_boost_round", 100)])
    assert found is not None
    assert found.tasks[0].name == "25 boost rounds"


@pytest.mark.parametrize(
    ("name", "cheapest"),
    [("nEpochs", "10 epochs"), ("niter", "10 iters"), ("num_episodes", "10 episodes")],
)
def test_lengths_by_other_names(name: str, cheapest: str) -> None:
    found = find_fidelity([option(name, 40)])
    assert found is not None
    assert found.tasks[0].name == cheapest


@pytest.mark.parametrize("name", ["folds", "n-splits", "num_folds", "k_folds", "cv"])
def test_fewer_folds_are_cheaper_and_no_data_is_split_into_one_part(name: str) -> None:
    found = find_fidelity([option("max_iter", 100), option(name, 5)])
    assert found is not None
    shown = [(t.name, t.cost) for t in found.tasks]
    assert shown == [("2 folds", 0.4), ("3 folds", 0.6), ("5 folds", 1.0)]


def test_one_fold_and_which_fold_it_is_are_no_fidelity() -> None:
    assert find_fidelity([option("folds", 1), option("fold", 3)]) is None


@pytest.mark.parametrize("name", ["subset", "data-fraction", "train_size", "sample_frac"])
def test_how_much_data_there_is_is_not_searched_beside_epochs(name: str) -> None:
    assert propose(option(name, 1.0)) is None


def test_many_steps_are_written_out() -> None:
    assert tasks_for(option("total_timesteps", 1_000_000))[-1].name == "1000000 timesteps"


def test_fractions() -> None:
    assert [t.cost for t in tasks_for(option("data_fraction", 1.0))] == [0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_acc", Direction.MAXIMIZE),
        ("top1", Direction.MAXIMIZE),
        ("roc_auc", Direction.MAXIMIZE),
        ("valF1", Direction.MAXIMIZE),
        ("test_loss", Direction.MINIMIZE),
        ("rmse", Direction.MINIMIZE),
        ("error_rate", Direction.MINIMIZE),
        ("nonzero_weights", Direction.MINIMIZE),
        ("fit_seconds", Direction.MINIMIZE),
        ("wobble", None),
        ("Applying", None),
        ("power", None),
        ("val_wer", Direction.MINIMIZE),
    ],
)
def test_directions(metric: str, direction: Direction | None) -> None:
    assert direction_of(metric) is direction


def test_the_objective_is_held_out_and_a_score() -> None:
    values = dict.fromkeys(["train_loss", "train_acc", "val_loss", "val_acc", "time"], 0.0)
    assert Printed(values).ranked()[:2] == ["val_acc", "val_loss"]
    assert Printed(dict.fromkeys(["test_acc", "val_loss"], 0.0)).ranked()[0] == "val_loss"
    assert Printed(dict.fromkeys(["test_acc", "train_acc"], 0.0)).ranked()[0] == "test_acc"
    assert Printed(dict.fromkeys(["DiT_Parameters", "train_loss"], 0.0)).ranked()[0] == "train_loss"
    assert Printed(dict.fromkeys(["iter_dt", "train_loss"], 0.0)).ranked()[0] == "train_loss"
    folds = Printed(dict.fromkeys(["AUC", "std_AUC", "Mean_AUC"], 0.0))
    assert folds.ranked() == ["Mean_AUC", "AUC", "std_AUC"], "not the last fold's"
    assert not is_metric("epoch")
    assert not is_metric("lr")


def test_nice_numbers() -> None:
    assert [nice(v) for v in (0.00012, 0.07, 4.1, 37, 0)] == [1e-4, 0.05, 5.0, 30.0, 0.0]


@pytest.mark.parametrize(
    ("output", "metric", "value"),
    [
        ("Epoch 2: 100%|████| 10/10 [00:01<00:00, 9.9it/s, loss=0.412, acc=0.93]", "acc", 0.93),
        ("{'eval_loss': 0.51, 'eval_accuracy': 0.9, 'epoch': 1.0}", "eval_accuracy", 0.9),
        ("10/10 - 1s - loss: 0.5 - accuracy: 0.8 - val_accuracy: 0.9", "val_accuracy", 0.9),
        ("[9]\tvalidation_0-logloss:0.40120", "validation_0-logloss", 0.4012),
        (" * Acc@1 76.130 Acc@5 92.862", "Acc@1", 76.13),
        ("Test set: Average loss: 0.05, Accuracy: 9832/10000 (98.3%)", "test_accuracy", 0.9832),
        ("Test set: Average loss: 0.05, Accuracy: 9832/10000 (98%)", "test_accuracy", 0.9832),
        ("step 250: train loss 1.96, val loss 2.01", "val_loss", 2.01),
        ("Final test accuracy of the model: 97.35%\nElapsed 12 s", "test_accuracy", 97.35),
        ("Loss: 0.3\nAccuracy of the net on the 10000 test images: 97.3 %", "test_accuracy", 97.3),
        ("| time/fps | 1234 |\n| ep_rew_mean | 195.2 |", "ep_rew_mean", 195.2),
        ('{"epoch": 1, "val": {"loss": 0.4, "acc": 0.8}}', "val.acc", 0.8),
        ("│    test_acc    │     0.9312     │", "test_acc", 0.9312),
        ("Fold 5: AUC = 0.95\nMean AUC over 5 folds: 0.94", "mean_auc", 0.94),
        ("fold 5 auc: 0.95\nMean CV AUC: 0.94", "Mean_CV_AUC", 0.94),
        ("valid: loss=0.5 acc=0.6\nbest valid acc 0.64", "best_valid_acc", 0.64),
        ("val acc: 0.9\nBest val acc: 0.95", "val_acc", 0.9),
        ("Epoch: 001, Loss: 1.9, Train: 0.9, Val: 0.8, Test: 0.7\nBest Val: 0.8", "Val", 0.8),
        ("Episode 9 | return 3.0 | mean return (last 10): 21.5", "mean_return", 21.5),
    ],
)
def test_what_scripts_print_and_the_engine_reads(output: str, metric: str, value: float) -> None:
    from hpo_tui.engine.execution.metrics.collector import discover
    from hpo_tui.engine.execution.metrics.lines import LineParser
    from hpo_tui.engine.execution.metrics.names import Names

    lines = output.split("\n")
    printed = read_output(lines, discover(output))
    assert printed.ranked()[0] == metric
    assert printed.values[metric] == value
    parsers = [LineParser(Names([metric]), pattern=s.pattern) for s in printed.sources]
    read = [entry[1][metric] for p in parsers for line in lines if (entry := p.parse(line))]
    assert read[-1:] == [value]


def test_what_is_named_by_its_set_alone_is_no_loss_beside_the_loss() -> None:
    scores = Printed({"Loss": 1.9, "Train": 0.9, "Val": 0.8})
    assert scores.direction("Val") is Direction.MAXIMIZE
    assert scores.direction("Loss") is Direction.MINIMIZE
    assert Printed({"train": 0.5, "val": 0.6}).direction("val") is None  # a loss, maybe


def test_a_flood_of_long_lines_is_read_quickly() -> None:
    begin = time.process_time()
    lines = ["a " * 2000 + "9/9 (9%)", "accuracy" + " b" * 2000, "| " + "x" * 3000] * 3000
    assert read_output(lines, {}).values == {}
    assert time.process_time() - begin < 2


def test_what_a_data_group_says_of_unknown_meaning_is_left_alone() -> None:
    for name in ("data.noise", "dataset.snr", "train_data.noise", "dgp.scale", "data_module.ratio"):
        assert propose(option(name, 0.1)) is None, name
    assert propose(option("data.batch_size", 32)) is not None
    assert propose(option("model.noise", 0.1)) is not None


def test_lags_are_searched_up_to_twice_the_default() -> None:
    for name in ("model.lags", "n_lags", "lookback_window"):
        found = propose(option(name, 12))
        assert found is not None
        parameter = found.parameter
        assert (parameter.kind, parameter.low, parameter.high) == (ParameterKind.INT, 1, 24)
