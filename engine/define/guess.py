"""From an option to a parameter: a range by its name, its default and its choices."""

import dataclasses
import re
from dataclasses import dataclass

from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.define.ranges import ruled, unruled
from hpo_tui.engine.spec import Parameter, ParameterKind

_LEFT_ALONE = re.compile(
    r"seed|port|rank|world_size|device|cuda|gpus?|cpu|mps|tpu|workers?|threads|njobs|n_jobs|log|logs?_?dir|logg.*|log_.*|"
    r"print.*|save.*|eval.*|test.*|val.*|verbose|verbosity|quiet|debug|dry_run|out.*|output.*|dir|"
    r".*_dir|.*_path|path|root|data|dataset|file|.*_file|config|resume|checkpoint.*|ckpt.*|"
    r"load.*|model_name|name|run.*|project|entity|wandb.*|tensorboard|download|num_classes|"
    r"input_size|image_size|img_size|size|local_rank|dist.*|backend|url|host|node.*|freq|interval|"
    r".*_freq|.*_interval|.*_every|every|version|help|force|overwrite|profile|compile|amp|fp16|"
    r"bf16|half|(mixed_)?precision|(torch_)?dtype|pin_mem.*|prefetch.*|cache.*|tag.*|comment|notes?|no_cuda|no_mps|no_accel|"
    r"timeout|limit|tol|(.*_)?eps|(.*_)?epsilon|early_stop.*|patience|nthread|objective|loss|"
    r"hub_.*|ddp_.*|fsdp_.*|dataloader_.*|sync_.*|.*_backend|.*_strategy|.*_metrics|"
    r"data_?sets?|.*_data_?set|.*_category|(.*_)?env(_id|_name)?|sampler|pruner|task|algo|amp_.*|"
    r"fused.*|foreach.*|offload.*|.*_force_cpu|best_.*|callbacks?|loggers?|trainer|launcher|extras|"
    r"paths|experiment"
)
"""Names of options that change nothing about how well a model learns, or must stay the same."""
_NEEDS_MORE = re.compile(r".*(with_min_lr|plateau|stable_decay|greedy).*")
"""Schedules that say nothing without further arguments."""
_NEVER = re.compile(
    r"neftune_.*|(test|val|valid|eval|in|input|out|output|vocab|image|img|num_classes|max_seq)(_.*)?|seed"
)
"""Names that are never searched, not even where a rule or the script's own limits would fit."""
_APART = re.compile(r"callbacks?|logg(er|ers|ing)|paths?|hydra|extras|debug")
"""Groups of a configuration that say how a training is watched, not how it learns."""
_DATA = re.compile(r"(.*_)?data(_?set|_?module|_?source|_?config)?s?|dgp|simulation|synthetic")
"""Groups that say which problem is solved: other values of theirs would make it another one."""
_TUNED_SWITCH = re.compile(
    r"(.*_)?(nesterov|amsgrad|batch_?norm|use_bn|layer_?norm|pre_?norm|bias|augment(ations?)?|mixup|"
    r"cutmix|residual|skip(_connections?)?|cosine(_.*)?|cos_lr|anneal_lr|shuffle|ema|flip|"
    r"tied?(_.*)?|bidirectional|balanced|bootstrap|shrinking)|(use_|lr_)?warmup"
)
"""Switches that are worth a search."""
_OTHER_CHOICE = re.compile(
    r"(?!mixup_)(.*_)?mode|(.*_)?(split|phase|stage|fold|subset|format)|command|cmd|action|job|jobs?_type|"
    r"accelerator|platform|hardware|strategy|engine|dataset.*|data_.*|domain|lang(uage)?|region|target|"
    r"label|suite|benchmark|problem|level|color|style|display|progress.*|subcommand"
)
"""Options that name their values and choose what is done, where, or on what: not how it learns."""
_TUNED_CHOICE = re.compile(
    r"(.*_)?(opt|optim|optimi[sz]er|sched|scheduler?|scheduling|lr_decay|fusion|head|attn|attention|"
    r"aggregation|aggr|readout|pooler|weighting|pos(itional)?_(emb|enc)(edding|oding)?|activation|act|nonlinearity|norm|normali[sz]ation|"
    r"init|initiali[sz](er|ation)|criterion|kernel|penalty|solver|booster|boosting|tree_method|"
    r"grow_policy|splitter|pool|pooling|model|arch|architecture|backbone|cell|embedding|"
    r"augment(ation)?s?|algorithm|metric|distance|features|weights)(_(type|name|fn|function))?|"
    r"aa|auto_augment|mixup_mode|rnn_type"
)
"""What is worth a search where an option names its values."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A parameter, and why it looks as it does.

    ``sure``: a rule for its name, not a mere guess. ``family``: one for options of one meaning.
    """

    parameter: Parameter
    note: str
    sure: bool = True
    family: str = ""


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


def wants_choices(option: Option) -> bool:
    """Whether an option is worth a search that does not name its values: a text, not a path."""
    if option.kind != "text" or option.choices or option.style not in ("flag", "equals"):
        return False
    name, default = bare_name(option.name), str(option.default or "")
    known = _TUNED_CHOICE.fullmatch(name) and not _LEFT_ALONE.fullmatch(name)
    return bool(known) and not _NEVER.fullmatch(name) and not set("/\\") & set(default)


def _proposed(option: Option) -> Proposal | None:
    name = bare_name(option.name)
    groups = option.name.lower().split(".")[:-1]
    if _NEVER.fullmatch(name) or any(map(_APART.fullmatch, groups)):
        return None
    if option.kind == "bool" or option.choices:
        return _listed(option, name)
    if option.kind == "text":
        return None
    if (rule := ruled(option)) is not None:
        family, parameter = rule
        return None if parameter is None else _from(option, parameter, "", family=family)
    given = _LEFT_ALONE.fullmatch(name) or any(map(_DATA.fullmatch, groups))
    return None if given else _unknown(option)


def _listed(option: Option, name: str) -> Proposal | None:
    """Propose for an option that names its values, or is true or false."""
    if _LEFT_ALONE.fullmatch(name):
        return None
    # jsonargparse lists true, false and null.
    if option.kind == "bool" or {True, False} <= set(option.choices) <= {True, False, "null"}:
        parameter = Parameter(option.name, ParameterKind.CATEGORICAL, choices=(False, True))
        return _from(option, parameter, "") if _TUNED_SWITCH.fullmatch(name) else None
    choices = tuple(c for c in option.choices if not _NEEDS_MORE.fullmatch(str(c)))
    if not 2 <= len(choices) <= 20 or _OTHER_CHOICE.fullmatch(name):
        return None
    ordered = option.kind in ("int", "float")
    kind = ParameterKind.ORDINAL if ordered else ParameterKind.CATEGORICAL
    sure = ordered or _TUNED_CHOICE.fullmatch(name) is not None
    said = "its choices" if choices == option.choices else "its choices that need nothing more"
    said += "" if sure else ": check that they should be searched"
    return _from(option, Parameter(option.name, kind, choices=choices), said, sure=sure)


def _from(
    option: Option, parameter: Parameter, why: str, *, sure: bool = True, family: str = ""
) -> Proposal:
    default = "no default" if option.default is None else f"default {option.told}"
    parts = [f"{option.shown}, {default}", why, option.help]
    parameter = dataclasses.replace(parameter, when=option.when)
    return Proposal(parameter, "; ".join(p for p in parts if p), sure, family)


def _unknown(option: Option) -> Proposal | None:
    """Propose the limits that the script itself states, or a guess from the default alone."""
    if option.low is not None and option.high is not None and option.low < option.high:
        kind = ParameterKind.INT if option.kind == "int" else ParameterKind.FLOAT
        return _from(option, Parameter(option.name, kind, option.low, option.high), "its limits")
    parameter = unruled(option)
    if parameter is None:
        return None
    return _from(option, parameter, "a guess from the default alone: check it", sure=False)
