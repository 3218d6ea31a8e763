"""The range that a number is searched in, by its name and its default."""

import math
import re
from collections.abc import Callable

from hpo_tui.engine.define.options import Option, bare_name, number
from hpo_tui.engine.spec import Parameter, ParameterKind, Value

_SAME = 0.1
"""Part by which a size must differ from the default to be worth a value of its own."""
_RARE = 0.05
"""Below it a number of unknown meaning is small for a reason: its size is what is searched."""
_SENTINEL = 1e4
"""From it on a number of unknown meaning stands for something else, as no loss yet."""


def ruled(option: Option) -> tuple[str, Parameter | None] | None:
    """Return the rule for an option's name, and what it proposes; None where there is no rule."""
    name = bare_name(option.name)
    rule = next(((n, r) for n, r in _RULES if re.fullmatch(n, name)), None)
    return None if rule is None else (rule[0], rule[1](option))


def unruled(option: Option) -> Parameter | None:
    """Guess for a fraction or a positive float; whole numbers of unknown meaning stay."""
    default = number(option.default)
    if option.kind != "float" or default is None or not 0 < default < _SENTINEL:
        return None
    if default < _RARE:
        return _log(0.1, 10, _RARE, 1.0)(option)
    if 0.99 < default < 1:
        # A decay, whose distance from 1 is what counts.
        return Parameter(option.name, ParameterKind.FLOAT, 0.9, max(0.9999, default))
    if default < 1:
        return Parameter(option.name, ParameterKind.FLOAT, 0.0, 0.99)
    low, high = nice(default / 3), nice(default * 3)
    return Parameter(option.name, ParameterKind.FLOAT, low, high, log=True)


def nice(value: float) -> float:
    """Return the nearest of 1, 2, 3, 5 times a power of ten."""
    if value <= 0:
        return 0.0
    power = math.floor(math.log10(value))
    lead = value / 10.0**power
    near = min((1, 2, 3, 5, 10), key=lambda n: abs(math.log(lead / n)))
    return float(f"{near}e{power}")


def _log(
    factor_low: float, factor_high: float, low: float, high: float
) -> Callable[[Option], Parameter]:
    """Return a rule: factors around the default, or ``low`` to ``high`` where it has none.

    A default below 1 is not raised above 1: rates and penalties seldom are.
    """

    def rule(option: Option) -> Parameter:
        default = number(option.default) or 0.0
        ends = (low, high)
        if default > 0:
            top = nice(default * factor_high)
            ends = nice(default * factor_low), min(top, 1.0) if default < 1 else top
        return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, *ends), log=True)

    return rule


def _linear(low: float, high: float) -> Callable[[Option], Parameter]:
    """Return a rule: a range that holds the default, widened where it has to be."""

    def rule(option: Option) -> Parameter:
        default = number(option.default)
        ends = (low, high) if default is None else (min(low, default), max(high, default))
        return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, *ends))

    return rule


def _penalty(option: Option) -> Parameter | None:
    """Propose the weight of a penalty; what is nearly 1 is the share of an average that is kept."""
    default = number(option.default) or 0.0
    if 0.9 <= default < 1:
        return _share(0.8, 1.0)(option)
    return (_log(0.01, 100, 1e-6, 1e-1) if default <= 1 else _log(0.25, 4, 1.0, 100.0))(option)


def _share(low: float, high: float) -> Callable[[Option], Parameter | None]:
    """Return a rule for a share of 1: what is larger by default has another meaning."""

    def rule(option: Option) -> Parameter | None:
        default = number(option.default)
        return None if default is not None and default > 1 else _linear(low, high)(option)

    return rule


def _density(option: Option) -> Parameter | None:
    """Propose how much of a network there is: nothing of it is none, and 1 is all."""
    default = number(option.default)
    if default is not None and not 0 < default <= 1:
        return None
    ends = _limited(option, nice((default or 0.1) * 0.1), 1.0)
    return Parameter(option.name, ParameterKind.FLOAT, *ends, log=True)


def _gamma(option: Option) -> Parameter:
    """Propose a discount (near 1), the factor of a schedule, or a penalty that starts from 0."""
    default = number(option.default) or 0.0
    if 0.9 < default < 1:
        ends = _limited(option, 0.9, max(0.9999, default))
        return Parameter(option.name, ParameterKind.FLOAT, *ends)
    low = nice(default * 0.4) if 0 < default <= 1 else 0.0
    high = 1.0 if 0 < default <= 1 else max(5.0, 3 * default)
    return Parameter(option.name, ParameterKind.FLOAT, *_limited(option, low, high))


def _powers(option: Option) -> Parameter | None:
    """Powers of two around the default, as an ordinal."""
    default = 64.0 if option.default is None else number(option.default) or 0.0
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


def _width(option: Option) -> Parameter | None:
    """Propose sizes of a layer; one that is off until it is given stays off."""
    return _powers(option) if option.default is not None or option.required else None


def _count(least: int, most: int) -> Callable[[Option], Parameter | None]:
    """Return a rule: whole numbers from ``least`` to ``most`` or twice the default.

    Below 0 a default says that there is no limit.
    """

    def rule(option: Option) -> Parameter | None:
        default = int(number(option.default) or least)
        if default < 0:
            return None
        low, high = _limited(option, min(least, max(default, 0)), max(most, 2 * default))
        return Parameter(option.name, ParameterKind.INT, int(low), int(high))

    return rule


def _heads(option: Option) -> Parameter | None:
    """Propose parts and multiples of the default: what divides a width is seldom any number."""
    default = int(number(option.default) or 0)
    if default < 1:
        return None
    sizes = {default, 2 * default, *(default // n for n in (2, 4) if default % n == 0)}
    return Parameter(option.name, ParameterKind.ORDINAL, choices=tuple(sorted(sizes)))


def _clip(option: Option) -> Parameter | None:
    """Propose a limit of the gradient's size; where there is none by default, it is off."""
    return None if option.default is None else _log(0.1, 10, 0.1, 10.0)(option)


def _around(option: Option) -> Parameter:
    """Propose the logarithm of a size: two up and two down."""
    default = int(number(option.default) or 6)
    return Parameter(option.name, ParameterKind.INT, max(0, default - 2), default + 2)


def _exponent(option: Option) -> Parameter:
    """Propose the logarithm of a rate."""
    default = number(option.default) or -3.0
    return Parameter(option.name, ParameterKind.FLOAT, default - 2, default + 1)


def _least_rate(option: Option) -> Parameter | None:
    """Propose the rate that a schedule ends at; one that ends at 0 does so for a reason."""
    return None if option.default == 0 else _log(0.01, 10, 1e-7, 1e-4)(option)


def _warmup(option: Option) -> Parameter | None:
    """Propose a share of the training, or a number of epochs or steps.

    How many steps are many is not known where the default is none.
    """
    default = number(option.default) or 0.0
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
    r"(.*_)?(hidden|width|dim|channels|units|embed|embedding|embd|filters|neurons|d_model|d_ff|"
    r"feedforward|ffn|planes|num_leaves|max_leaf_nodes|max_leaves|ndf|ngf|emsize|nhid|hid)(_(size|dim|units|channels))?|"
    r"k\d|lora_r(ank)?|"
    r"(lin|linear|fc|dense)_?\d+(_(size|dim|units|width))?"
)
_PARTS = (
    r"init|initial|base|max|peak|start|backbone|encoder|decoder|head|body|embed.*|actor|critic|"
    r"[a-z]"
)
"""What a learning rate may be of."""
_RATE = rf"(.*_)?([a-z]?lr|learning_rate|eta)(0|_({_PARTS}))?"
_DECAYED = r"(.*_)?weight_decay(_(start|init|end|final|.*embed.*))?"
HEADS = r"(num_|n_|attention_|attn_)*n?heads?"
_RULES: tuple[tuple[str, Callable[[Option], Parameter | None]], ...] = (
    (r"log_?2_.*", _around),
    (r"(log_?10|log)_(lr|learning_rate|wd|weight_decay|reg.*|l1|l2)", _exponent),
    (r"(min|final|end)_(lr|learning_rate)|(lr|learning_rate)_(min|final|end)", _least_rate),
    # Where a warmup begins matters little; it is no learning rate to search.
    (r"warmup_(init_)?(lr|learning_rate)|lr_(drop|decay)_(epochs?|steps?)", lambda _: None),
    (_RATE, _log(0.01, 10, 1e-5, 1e-1)),
    (r"(mixup|cutmix)(_alpha)?", _linear(0.0, 1.0)),
    (r"(gae|td)_lambda|lam", _share(0.8, 1.0)),
    (rf"wd|{_DECAYED}|decay|(l1|l2|reg|lambda)(_.*)?|(.*_)?alpha", _penalty),
    (r"momentum|(adam_)?beta_?1|mom", _linear(0.5, 0.99)),
    (r"(adam_)?beta_?2", _linear(0.9, 0.9999)),
    (r"(.*_)?(dropout|drop|drop_rate|drop_path|drop_prob)(_.*)?|p_drop", _share(0.0, 0.6)),
    (r"(.*_)?prob(ability)?", _share(0.0, 1.0)),
    (r"(label_)?smoothing(_factor)?|warmup_(ratio|frac|fraction|portion)", _share(0.0, 0.3)),
    (r"gamma|lr_decay|lr_gamma|decay_rate", _gamma),
    (r"(.*_)?(density|percent_on)", _density),
    (r"(colsample|subsample|feature_fraction|bagging_fraction)(_.*)?", _linear(0.3, 1.0)),
    (r"min_child_weight|max_delta_step", _log(0.1, 10, 0.1, 10.0)),
    (r"(ent|entropy)_coef(f|ficient)?", _log(0.1, 10, 1e-4, 1e-1)),
    (r"(vf|value)_(loss_)?coef(f|ficient)?", _linear(0.1, 1.0)),
    (r"c|nu|sigma|temperature|tau|bandwidth|margin", _log(0.1, 10, 0.1, 10.0)),
    (r"clip|grad(ient)?_clip.*|clip_.*|max_grad_norm", _clip),
    (
        r"(per_(device|gpu)_)?(train_)?"
        r"(batch_?size|bs|batch|minibatch|mini_?batch_size)(_per_(gpu|device))?",
        _powers,
    ),
    (_WIDTH, _width),
    (
        r"(num_|n_|enc(oder)?_|dec(oder)?_|hidden_|transformer_|conv_|res_|rnn_|lstm_|[a-z]_)*"
        r"n?(layers?|blocks)|depth",
        _count(1, 4),
    ),
    (HEADS, _heads),
    (r"max_depth", _count(2, 10)),
    (r"(n_|num_|max_)?lags?|look_?back(_(window|steps|len|length))?", _count(1, 10)),
    (r"(n_|num_)?neighbou?rs|min_samples_.*|min_child_samples|min_data_in_leaf", _count(1, 20)),
    (r"(.*_)?warmup(_(.*_)?(epochs?|steps?|iters?|iterations|updates|batches))?", _warmup),
)
