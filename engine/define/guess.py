"""From an option to a parameter: a range by its name, its default and its choices."""

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.options import Option
from hpo_tui.engine.spec.model import Parameter, ParameterKind, Value

_LEFT_ALONE = re.compile(
    r"seed|port|rank|world_size|device|cuda|gpus?|cpu|mps|tpu|workers?|threads|njobs|n_jobs|log|logs?_?dir|logg.*|log_.*|"
    r"print.*|save.*|eval.*|test.*|val.*|verbose|verbosity|quiet|debug|dry_run|out.*|output.*|dir|"
    r".*_dir|.*_path|path|root|data|dataset|file|.*_file|config|resume|checkpoint.*|ckpt.*|"
    r"load.*|model_name|name|run.*|project|entity|wandb.*|tensorboard|download|num_classes|"
    r"input_size|image_size|img_size|size|local_rank|dist.*|backend|url|host|node.*|freq|interval|"
    r".*_freq|.*_interval|.*_every|every|version|help|force|overwrite|profile|compile|amp|fp16|"
    r"bf16|half|(mixed_)?precision|(torch_)?dtype|pin_mem.*|prefetch.*|cache.*|tag.*|comment|notes?|no_cuda|no_mps|no_accel|"
    r"timeout|limit|tol|(.*_)?eps|(.*_)?epsilon|early_stop.*|patience|nthread|objective|loss|"
    r"hub_.*|ddp_.*|fsdp_.*|dataloader_.*|sync_.*|.*_backend|.*_strategy|.*_metrics"
)
_NEEDS_MORE = re.compile(r".*(with_min_lr|plateau|stable_decay|greedy).*")
"""Schedules that say nothing without further arguments."""
_SAME = 0.1
_NEVER = re.compile(
    r"neftune_.*|(test|val|valid|eval|in|input|out|output|vocab|image|img|num_classes|max_seq)(_.*)?|seed"
)
_TUNED_SWITCH = re.compile(
    r".*(nesterov|amsgrad|batch_?norm|use_bn|layer_?norm|pre_?norm|bias|augment|mixup|cutmix|"
    r"residual|skip|cosine|warmup|shuffle|ema|flip|tie|bidirectional|balanced|bootstrap|shrinking)"
    r".*"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A parameter, and why it looks as it does; ``sure``: a rule for its name, not a mere guess."""

    parameter: Parameter
    note: str
    sure: bool = True


def propose(option: Option) -> Proposal | None:
    """Return a parameter to search for an option, or None where it should stay as it is.

    Its range is wide enough for the values that the option has in other configurations.
    """
    proposal = _proposed(option)
    for value in option.elsewhere:
        other = _proposed(dataclasses.replace(option, default=value, elsewhere=()))
        if proposal is None or other is None:
            continue
        one, two = proposal.parameter, other.parameter
        if one.numeric and (one.kind, one.log) == (two.kind, two.log):
            low, high = min(one.low, two.low), max(one.high, two.high)
            wide = dataclasses.replace(one, low=low, high=high)
            proposal = dataclasses.replace(proposal, parameter=wide)
    return proposal


def _proposed(option: Option) -> Proposal | None:
    name = bare_name(option.name)
    if _NEVER.fullmatch(name):
        return None
    if option.kind == "bool" or option.choices:
        return _listed(option, name)
    if option.kind == "text":
        return None
    for pattern, rule in _RULES:
        if re.fullmatch(pattern, name):
            ruled = rule(option)
            return _from(option, ruled, "") if ruled is not None else None
    return None if _LEFT_ALONE.fullmatch(name) else _unknown(option)


def _listed(option: Option, name: str) -> Proposal | None:
    """Propose for an option that names its values, or is true or false."""
    if _LEFT_ALONE.fullmatch(name):
        return None
    # jsonargparse lists true, false and null.
    if option.kind == "bool" or {True, False} <= set(option.choices) <= {True, False, "null"}:
        parameter = Parameter(option.name, ParameterKind.CATEGORICAL, choices=(False, True))
        return _from(option, parameter, "") if _TUNED_SWITCH.fullmatch(name) else None
    choices = tuple(c for c in option.choices if not _NEEDS_MORE.fullmatch(str(c)))
    if not 2 <= len(choices) <= 20:
        return None
    ordered = option.kind in ("int", "float")
    kind = ParameterKind.ORDINAL if ordered else ParameterKind.CATEGORICAL
    said = "its choices" if choices == option.choices else "its choices that need nothing more"
    return _from(option, Parameter(option.name, kind, choices=choices), said)


def bare_name(name: str) -> str:
    """Return the last part of a name in lower case: ``batch_size`` of ``data.batchSize``."""
    last = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.rsplit(".", 1)[-1]).lower()
    return re.sub(r"[^a-z0-9]+", "_", last).strip("_")


def _from(option: Option, parameter: Parameter, why: str, *, sure: bool = True) -> Proposal:
    default = "no default" if option.default is None else f"default {_shown(option.default)}"
    parts = [f"{option.shown}, {default}", why, option.help]
    parameter = dataclasses.replace(parameter, when=option.when)
    return Proposal(parameter, "; ".join(p for p in parts if p), sure)


def _unknown(option: Option) -> Proposal | None:
    """Guess for a fraction or a positive float; whole numbers of unknown meaning stay."""
    default = _number(option.default)
    if option.low is not None and option.high is not None and option.low < option.high:
        kind = ParameterKind.INT if option.kind == "int" else ParameterKind.FLOAT
        return _from(option, Parameter(option.name, kind, option.low, option.high), "its limits")
    if option.kind != "float" or default is None or default <= 0:
        return None
    if default > 0.99 and default < 1:
        # A decay, whose distance from 1 is what counts.
        parameter = Parameter(option.name, ParameterKind.FLOAT, 0.9, max(0.9999, default))
    elif default < 1:
        parameter = Parameter(option.name, ParameterKind.FLOAT, 0.0, 0.99)
    else:
        low, high = nice(default / 3), nice(default * 3)
        parameter = Parameter(option.name, ParameterKind.FLOAT, low, high, log=True)
    return _from(option, parameter, "a guess from the default alone: check it", sure=False)


def nice(value: float) -> float:
    """Return the nearest of 1, 2, 3, 5 times a power of ten."""
    if value <= 0:
        return 0.0
    power = math.floor(math.log10(value))
    lead = value / 10.0**power
    near = min((1, 2, 3, 5, 10), key=lambda n: abs(math.log(lead / n)))
    return float(f"{near}e{power}")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _log(
    factor_low: float, factor_high: float, low: float, high: float
) -> Callable[[Option], Parameter]:
    """Return a rule: factors around the default, or ``low`` to ``high`` where it has none.

    A default below 1 is not raised above 1: rates and penalties seldom are.
    """

    def rule(option: Option) -> Parameter:
        default = _number(option.default) or 0.0
        ends = (low, high)
        if default > 0:
            top = nice(default * factor_high)
            ends = nice(default * factor_low), min(top, 1.0) if default < 1 else top
        return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, *ends), log=True)

    return rule


def _linear(low: float, high: float) -> Callable[[Option], Parameter]:
    """Return a rule: a range that holds the default, widened where it has to be."""

    def rule(option: Option) -> Parameter:
        default = _number(option.default)
        ends = (low, high) if default is None else (min(low, default), max(high, default))
        return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, *ends))

    return rule


def _gamma(option: Option) -> Parameter:
    """Propose the factor of a schedule (below 1), or a penalty that starts from 0 (XGBoost)."""
    default = _number(option.default) or 0.0
    low = nice(default * 0.4) if 0 < default <= 1 else 0.0
    high = 1.0 if 0 < default <= 1 else max(5.0, 3 * default)
    return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, low, high))


def _powers(option: Option) -> Parameter | None:
    """Powers of two around the default, as an ordinal."""
    default = _number(option.default) or 64
    if default < 2:
        return None
    middle = round(math.log2(default))
    values = [2**n for n in range(max(1, middle - 2), middle + 3)]
    low, high = option.low or 1, option.high or math.inf
    choices: tuple[Value, ...] = tuple(v for v in values if low <= v <= high)
    if int(default) not in choices:
        # A power that is as good as the default, as 32 beside 31, would be the same twice.
        apart = [c for c in choices if abs(int(c) / default - 1) > _SAME]
        choices = tuple(sorted({*map(int, apart), int(default)}))
    return Parameter(option.name, ParameterKind.ORDINAL, choices=choices)


def _count(least: int, most: int) -> Callable[[Option], Parameter]:
    """Return a rule: whole numbers from ``least`` to ``most`` or twice the default."""

    def rule(option: Option) -> Parameter:
        default = int(_number(option.default) or least)
        low, high = _limited(option, min(least, max(default, 0)), max(most, 2 * default))
        return Parameter(option.name, ParameterKind.INT, int(low), int(high))

    return rule


def _clip(option: Option) -> Parameter | None:
    """Propose a limit of the gradient's size; where there is none by default, it is off."""
    return None if option.default is None else _log(0.1, 10, 0.1, 10.0)(option)


def _around(option: Option) -> Parameter:
    """Propose the logarithm of a size: two up and two down."""
    default = int(_number(option.default) or 6)
    return Parameter(option.name, ParameterKind.INT, max(0, default - 2), default + 2)


def _exponent(option: Option) -> Parameter:
    """Propose the logarithm of a rate."""
    default = _number(option.default) or -3.0
    return Parameter(option.name, ParameterKind.FLOAT, default - 2, default + 1)


def _warmup(option: Option) -> Parameter | None:
    """Propose a share of the training, or a number of epochs or steps.

    How many steps are many is not known where the default is none.
    """
    default = _number(option.default) or 0.0
    if option.kind == "float" and default < 1:
        return _linear(0.0, 0.5)(option)
    if not default and re.search(r"steps|iter|updates|batches", bare_name(option.name)):
        return None
    return _count(0, 10)(option)


def _limited(option: Option, low: float, high: float) -> tuple[float, float]:
    """Return a range inside the limits that the script itself states."""
    low = low if option.low is None else max(low, option.low)
    high = high if option.high is None else min(high, option.high)
    return (low, high) if low < high else (low, low + 1)


_WIDTH = (
    r"(.*_)?(hidden|width|dim|channels|units|embed|embedding|filters|neurons|d_model|d_ff|planes|"
    r"num_leaves|ndf|ngf)(_(size|dim|units|channels))?|k\d"
)
_PARTS = r"init|initial|base|max|peak|start|backbone|encoder|decoder|head|body|embed.*|actor|critic"
"""What a learning rate may be of."""
_RULES: tuple[tuple[str, Callable[[Option], Parameter | None]], ...] = (
    (r"log_?2_.*", _around),
    (r"(log_?10|log)_(lr|learning_rate|wd|weight_decay|reg.*|l1|l2)", _exponent),
    (
        r"(min|final|end)_(lr|learning_rate)|(lr|learning_rate)_(min|final|end)",
        _log(0.01, 10, 1e-7, 1e-4),
    ),
    (rf"(.*_)?(lr|learning_rate|eta)(0|_({_PARTS}))?", _log(0.01, 10, 1e-5, 1e-1)),
    (
        r"wd|(.*_)?weight_decay|decay|(l1|l2|reg|lambda)(_.*)?|(.*_)?alpha",
        _log(0.01, 100, 1e-6, 1e-1),
    ),
    (r"momentum|(adam_)?beta_?1|mom", _linear(0.5, 0.99)),
    (r"(adam_)?beta_?2", _linear(0.9, 0.9999)),
    (r"(.*_)?(dropout|drop|drop_rate|drop_path|drop_prob)(_.*)?|p_drop", _linear(0.0, 0.6)),
    (r"(.*_)?prob(ability)?", _linear(0.0, 1.0)),
    (r"(label_)?smoothing(_factor)?|warmup_(ratio|frac|fraction|portion)", _linear(0.0, 0.3)),
    (r"gamma|lr_decay|lr_gamma|decay_rate", _gamma),
    (r"(colsample|subsample|feature_fraction|bagging_fraction)(_.*)?", _linear(0.3, 1.0)),
    (r"min_child_weight|max_delta_step", _log(0.1, 10, 0.1, 10.0)),
    (r"c|nu|sigma|temperature|tau|bandwidth|margin", _log(0.1, 10, 0.1, 10.0)),
    (r"clip|grad(ient)?_clip.*|clip_.*|max_grad_norm", _clip),
    (
        r"(per_(device|gpu)_)?(train_)?(batch_?size|bs|batch|minibatch|mini_batch_size)(_per_(gpu|device))?",
        _powers,
    ),
    (_WIDTH, _powers),
    (r"(num_|n_)?(hidden_)?(layers?|blocks|heads)|depth", _count(1, 4)),
    (r"max_depth", _count(2, 10)),
    (r"(n_|num_)?neighbou?rs|min_samples_.*|min_child_samples|min_data_in_leaf", _count(1, 20)),
    (r"warmup(_.*)?", _warmup),
)
