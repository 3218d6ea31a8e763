"""What options mean for one another: which proposals stay once all of them are known."""

import dataclasses
import re
from collections.abc import Sequence

from hpo_tui.engine.define.guess import Proposal
from hpo_tui.engine.define.options import Option, bare_name, number
from hpo_tui.engine.define.ranges import HEADS
from hpo_tui.engine.spec import ParameterKind, Task, Value
from hpo_tui.engine.spec.names import joined

_OPTIMIZER = re.compile(r"opt|optim|optimi[sz]er")
_BELONGS = (
    (re.compile(r"momentum|nesterov"), re.compile(r"sgd|rmsprop|momentum")),
    (re.compile(r"(adam_)?beta_?[12]|amsgrad"), re.compile(r"adam|lamb|lion|radam")),
)
_SPLIT = re.compile(
    r"(.*_)?(n_?embd|embed(ding)?(_dim|_size)?|emsize|d_model|hidden(_dim|_size)?|dim)"
)
"""Widths that attention heads divide among them."""
_WARMUP = re.compile(r"(.*_)?warmup_(.*_)?epochs?")
_ENOUGH = 4
"""Parameters of known meaning from which on mere guesses are left to the user."""

Entries = list[tuple[Option, Proposal]]


def settle(entries: Entries) -> tuple[Entries, list[Option], list[Option]]:
    """Return the proposals that stay, the options that do not, and those of them that might.

    An option that is off by default stays off where another of its kind is on: one of the two
    would be without effect. A trainer has dozens of numbers; those whose meaning is not known are
    searched only where few others are.
    """
    on = {p.family for o, p in entries if o.default is not None}
    unset = [(o, p) for o, p in entries if o.default is None and not (o.required or o.choices)]
    off = [o for o, p in unset if p.family in on]
    kept = [(o, p) for o, p in entries if o not in off]
    kept, heads = _divided(kept)
    guesses: list[Option] = []
    if sum(p.sure for _, p in kept) >= _ENOUGH:
        guesses = [o for o, p in kept if not p.sure]
        kept = [(o, p) for o, p in kept if p.sure]
    return _by_optimizer(kept), [*off, *heads, *guesses], guesses


def _divided(entries: Entries) -> tuple[Entries, list[Option]]:
    """Leave the number of heads as it is where a width is searched that they must divide."""
    heads = [o for o, _ in entries if re.fullmatch(HEADS, bare_name(o.name))]
    count = heads[0].default if heads else None
    widths = {o.name for o, _ in entries if _SPLIT.fullmatch(bare_name(o.name))}
    if not isinstance(count, int) or count < 1 or not widths:
        return entries, []
    others = [(o, p) for o, p in entries if o.name not in widths and o not in heads]
    split = [
        (o, _with_sizes(p, sizes, f"multiples of {heads[0].shown} {count}"))
        for o, p in entries
        if o.name in widths and (sizes := _multiples(o.default, count))
    ]
    kept = {o.name: (o, p) for o, p in [*others, *split]}
    return [kept[o.name] for o, _ in entries if o.name in kept], heads


def _with_sizes(proposal: Proposal, sizes: tuple[Value, ...], why: str) -> Proposal:
    parameter = dataclasses.replace(proposal.parameter, choices=sizes)
    return dataclasses.replace(proposal, parameter=parameter, note=f"{proposal.note}; {why}")


def _multiples(default: Value | None, count: int) -> tuple[Value, ...]:
    """Return a quarter to four times the default, as far as so many heads divide it."""
    if not isinstance(default, int) or default % count:
        return ()
    sizes = (default // 4, default // 2, default, default * 2, default * 4)
    return tuple(s for s in sizes if s >= count and s % count == 0)


def _by_optimizer(entries: Entries) -> Entries:
    """Make momentum depend on an optimizer that has it, and the betas on one of Adam's kind."""
    chosen = next((p.parameter for o, p in entries if _OPTIMIZER.fullmatch(o.name.lower())), None)
    if chosen is None:
        return entries
    changed = []
    for option, proposal in entries:
        kin = next((k for name, k in _BELONGS if name.fullmatch(option.name.lower())), None)
        owners = tuple(c for c in chosen.choices if kin and kin.search(str(c).lower()))
        if owners and len(owners) < len(chosen.choices) and not proposal.parameter.when:
            when = {chosen.name: owners}
            parameter = dataclasses.replace(proposal.parameter, when=when)
            changed.append((option, dataclasses.replace(proposal, parameter=parameter)))
        else:
            changed.append((option, proposal))
    return changed


def shorter_than_tasks(entries: Entries, whole: Option, tasks: Sequence[Task]) -> Entries:
    """Return the proposals with warmups in epochs that end before the shortest task does.

    ``whole``: the option of which each task has its own value. The default stays in the range.
    """
    if "epoch" not in bare_name(whole.name):
        return entries
    lengths = [v for t in tasks if isinstance(v := t.fidelity.get(whole.name), int)]
    return [(o, _shortened(o, p, min(lengths, default=0))) for o, p in entries]


def _shortened(option: Option, proposal: Proposal, shortest: int) -> Proposal:
    """Return a proposal, of a warmup in epochs one that is shorter than ``shortest`` of them."""
    parameter = proposal.parameter
    warmup = _WARMUP.fullmatch(bare_name(option.name)) and parameter.kind is ParameterKind.INT
    if not warmup or not shortest:
        return proposal
    most = max(shortest - 1, number(option.default) or 0, parameter.low + 1)
    high = min(parameter.high, most)
    return dataclasses.replace(proposal, parameter=dataclasses.replace(parameter, high=high))


def guess_remark(guesses: Sequence[Option], most: int) -> str:
    """Return a line that names the options that could be searched although nothing is known."""
    if not guesses:
        return ""
    named = joined([o.shown for o in guesses], most)
    return f"\nOf these a range could only be guessed, and none is: {named}"
