"""Options in help texts, as libraries write them."""

from hpo_tui.engine.define.outside import help_options

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
