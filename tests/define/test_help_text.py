"""Options in help texts, as libraries write them."""

import argparse
import time

from hpo_tui.engine.define.help_output import help_options

_ABSL = """
train.py:
  --batch_size: Batch size.
    (default: '128')
    (an integer)
  --learning_rate: Initial learning rate.
    (default: '1')
    (a non-negative number)
  --optimizer: <adam|sgd>: Which optimizer
    (default: 'adam')
  --[no]use_ema: Average the weights.
    (default: 'false')
  --workdir: Where to write.

Try --helpfull to get a list of all flags.
"""
_FIRE = """
FLAGS
    -l, --lr=LR
        Type: float
        Default: 1
    -b, --batch_size=BATCH_SIZE
        Default: 32
    -n, --nesterov=NESTEROV
        Type: bool
        Default: False
    --data=DATA
        Type: Optional[str]
        Default: None
"""
_CLICK = """
Options:
  --layers INTEGER RANGE          Layers of the net.  [default: 3; 1<=x<=10]
  --dropout FLOAT RANGE           [default: 0.1; 0.0<=x<1.0]
  --epochs INTEGER RANGE          Passes.  [x>=1; required]
  --amp / --fp32                  Precision.  [default: amp]
  -s, --shuffle / -S, --no-shuffle
                                  Whether to shuffle.  [default: no-shuffle]
"""


def test_flags_of_absl() -> None:
    options = {o.name: o for o in help_options(_ABSL.splitlines())}
    assert list(options) == ["batch_size", "learning_rate", "optimizer", "use_ema", "workdir"]
    assert (options["batch_size"].kind, options["batch_size"].default) == ("int", 128)
    assert (options["learning_rate"].kind, options["learning_rate"].default) == ("float", 1)
    assert options["learning_rate"].help == "Initial learning rate."
    assert options["optimizer"].choices == ("adam", "sgd")
    assert options["optimizer"].default == "adam"
    ema = options["use_ema"]
    assert (ema.switch, ema.default, ema.flag, ema.off) == (True, False, "--use_ema", "--nouse_ema")


def test_arguments_of_fire() -> None:
    options = {o.name: o for o in help_options(_FIRE.splitlines())}
    assert list(options) == ["lr", "batch_size", "nesterov", "data"]
    assert (options["lr"].kind, options["lr"].default) == ("float", 1)
    assert (options["batch_size"].kind, options["batch_size"].default) == ("int", 32)
    nesterov = options["nesterov"]
    assert nesterov.switch
    assert (nesterov.flag, nesterov.off) == ("--nesterov=True", "--nesterov=False")
    assert nesterov.shown == "--nesterov"


def test_options_of_argparse_in_every_order_of_their_names() -> None:
    show = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser("train", formatter_class=show)
    parser.add_argument("--seed", "-s", type=int, default=1, help="the seed")
    parser.add_argument("-bs", "--batch-size", type=int, default=32, help="size of a batch")
    parser.add_argument("-o", "--optimizer", choices=["adam", "sgd"], default="sgd", help="which")
    parser.add_argument("--lr", "--learning-rate", type=float, default=0.1, help="the rate")
    parser.add_argument("--amp", "-a", action="store_true", help="mixed precision")
    options = {o.name: o for o in help_options(parser.format_help().splitlines())}
    assert [(o.name, o.kind, o.default, o.aliases) for o in options.values() if not o.switch] == [
        ("seed", "int", 1, ("-s",)),
        ("batch_size", "int", 32, ("-bs",)),
        ("optimizer", "text", "sgd", ("-o",)),
        ("lr", "float", 0.1, ("--learning-rate",)),
    ]
    assert options["optimizer"].choices == ("adam", "sgd")
    assert (options["amp"].switch, options["amp"].default) == (True, False)


def test_ranges_and_switches_of_click() -> None:
    options = {o.name: o for o in help_options(_CLICK.splitlines())}
    assert [(o.kind, o.default, o.low, o.high, o.help) for o in options.values()][:3] == [
        ("int", 3, 1, 10, "Layers of the net."),
        ("float", 0.1, 0, 1, ""),
        ("int", None, 1, None, "Passes."),
    ]
    amp, shuffle = options["amp"], options["shuffle"]
    assert (amp.switch, amp.default, amp.off) == (True, True, "--fp32")
    assert (shuffle.switch, shuffle.default, shuffle.off) == (True, False, "--no-shuffle")


def test_a_long_row_of_names_is_read_at_once() -> None:
    began = time.process_time()
    assert help_options([f"  --x{', -y ZA' * 500}!"]) == ()
    assert help_options([f"  {'-y ZA, ' * 500}--x!"]) == ()
    assert time.process_time() - began < 5
