"""The comments of a study file that ``init`` writes: where each thing comes from, what to check."""

import re
from collections.abc import Mapping, Sequence

from hpo_tui.engine.define import outputs
from hpo_tui.engine.define.compose import EXAMPLE, Plan, with_option
from hpo_tui.engine.define.fidelity import is_folds
from hpo_tui.engine.define.guess import wants_choices
from hpo_tui.engine.define.interplay import guess_remark
from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.define.printed import Printed, direction_of
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import StudySpec, Value
from hpo_tui.engine.spec.names import KeyPath, joined, show
from hpo_tui.engine.spec.text.toml_text import toml_key, toml_value
from hpo_tui.engine.spec.text.write import command_text

_MOST_LEFT = 40
"""Options that are named of those that stay as they are: trainers have hundreds."""
_MOST_TABLES = 8
"""Options whose tables are written out."""
_PRICE = re.compile(
    r"latency|(model|net|ckpt|checkpoint|file|onnx|engine)_?size|size_?([kmg]i?b|bytes)|"
    r"(?<!hyper)(?<!hyper_)param(s|eters|_?count)|(n|num|non_?zero)_?weights|flops|\bmacs\b"
)
"""What a model costs who uses it: what one run takes is the study's budget."""
_NO_TASKS = (
    "\nNo option was found that sets the length of the training or the amount of data. With"
    "\none, such as --epochs, cheap tasks find out what is worth a full run: [[task]] tables"
    "\nwith epochs = 5, cost = 0.1 and so on, and --epochs {epochs} in the command."
)


def remarks(
    plan: Plan, spec: StudySpec, printed: Printed | None, source: str, texts: Sequence[str]
) -> dict[KeyPath, str]:
    """Return the comments of the study file by key path; ``texts``: what the script is made of."""
    notes: dict[KeyPath, str] = {
        (): f"Written from {source} ({plan.found.how or 'nothing was found in it'})."
    }
    if not plan.stated:
        notes[()] += "\nRanges are guesses from names and defaults: check them."
    if plan.left:
        notes[()] += f"\nLeft as they are: {joined([o.shown for o in plan.left], _MOST_LEFT)}"
        notes[()] += guess_remark([o for o in plan.guesses if not o.choices], _MOST_LEFT)
        notes[()] += _listed_remark([o for o in plan.guesses if o.choices])
        notes[()] += _choices_remark([o for o in plan.left if wants_choices(o)])
    notes[()] += outputs.remark(plan.placed, plan.left, texts)
    on = outputs.going_on(plan.placed, plan.left, texts)
    if on is not None and on.saves is not None and plan.fidelity is not None:
        notes["study",] = _on_from_checkpoints(spec, on, on.saves)
    for option, proposal in plan.proposals:
        notes["space", option.name] = proposal.note
    if not plan.proposals:
        notes["space", EXAMPLE.name] = "An example: no parameter was found. Replace it."
    if spec.start:
        notes["start", 0] = "The script's own defaults run first, to compare with."
        if outside := _outside(plan, spec.start[0]):
            notes["start", 0] += f"\nOutside of their ranges, and so left out: {outside}."
    notes.update(_metric_remarks(spec, printed))
    if plan.fidelity:
        notes["task", 0] = _task_remark(plan.fidelity.option, plan.left)
    elif any(o.style in ("flag", "equals", "positional") for o, _ in plan.proposals):
        notes[()] += _NO_TASKS
    return notes


def _listed_remark(options: Sequence[Option]) -> str:
    """Return what to write to search options that name their values, but not what they are for."""
    if not options:
        return ""
    flags = ", ".join(o.shown for o in options[:_MOST_LEFT])
    said = (
        f"\nOf these the values are known, but not whether they are worth a search: {flags}."
        "\nTo search one, add what stands here to the command, and its table to the file:"
    )
    for option in options[:_MOST_TABLES]:
        typed = with_option([], option, f"{{{option.name}}}")
        said += (
            f"\n  {' '.join(typed)}"
            f"\n  [space.{toml_key(option.name)}]"
            f'\n  type = "categorical"'
            f"\n  choices = {toml_value(list(option.choices))}"
        )
    return said


def _choices_remark(texts: Sequence[Option]) -> str:
    """Return what to write to search texts whose values the script does not name, by an example."""
    if not texts:
        return ""
    first = texts[0]
    flags = ", ".join(o.shown for o in texts[:_MOST_LEFT])
    typed = with_option([], first, f"{{{first.name}}}")
    choices = [str(first.default or "one"), "another"]
    return (
        f"\nThe script does not say which values {flags} can have. To search {first.shown}, name"
        f"\nthem, and add {' '.join(typed)} to the command:"
        f"\n  [space.{toml_key(first.name)}]"
        f'\n  type = "categorical"'
        f"\n  choices = {toml_value(choices)}"
    )


def _on_from_checkpoints(spec: StudySpec, on: outputs.GoingOn, saves: Option) -> str:
    """Return the two lines with which promotions go on from checkpoints, and what to check first.

    They are not put into the study by themselves: of a script that begins anew, a promotion would
    run more than it is charged for.
    """
    words = with_option(list(spec.command), on.resumes, on.source)
    command = command_text(tuple(with_option(words, saves, on.target)))
    return (
        f"To have promotions continue, put these two lines in the place of the command, once you"
        f"\nhave checked that {on.resumes.flag} goes on at the epoch where {saves.flag} left off:"
        f"\n  command = {toml_value(command)}\n  resume = true"
    )


def _outside(plan: Plan, start: Mapping[str, Value]) -> str:
    """Return the parameters that the first configuration does not have although they are used."""
    shown = [
        f"{o.name} = {o.told}"
        for o, p in plan.proposals
        if o.default is not None and o.name not in start and p.parameter.active(dict(start))
    ]
    return ", ".join(shown)


def _task_remark(option: Option, left: Sequence[Option]) -> str:
    """Say what makes runs cheap, and which option says the same for a schedule."""
    if is_folds(option):
        return (
            f"Cheap runs by {option.shown}: the mean of fewer folds. The task with cost 1 is the "
            f"one that\ncounts. Where {option.shown} says into how many parts the data is split, "
            "cheap runs also\ntrain on less of it."
        )
    said = (
        f"Cheap runs by {option.shown}. The task with cost 1 is the one that counts; a schedule "
        f"of\nthe script that depends on {option.shown} follows it."
    )
    noun = bare_name(option.name).rpartition("_")[2]
    twins = [
        o.shown
        for o in left
        if o.default == option.default and bare_name(o.name).rpartition("_")[2] == noun
    ]
    if twins:
        said += f"\n{', '.join(twins)} is as long: {{{option.name}}} there, too, has it follow."
    return said


def _second_goal(metrics: Sequence[str]) -> str:
    """Return what to write to have a small or fast model too, where the script tells of that."""
    price = next((name for name in metrics if _PRICE.search(name.lower())), None)
    if price is None:
        return ""
    return (
        "\nTo look for compromises with a second goal, add this to the file:"
        "\n  [[objective]]"
        f"\n  metric = {show(price)}"
        '\n  direction = "minimize"'
    )


def _metric_remarks(spec: StudySpec, printed: Printed | None) -> Mapping[KeyPath, str]:
    notes: dict[KeyPath, str] = {}
    objective = spec.objectives[0]
    if printed is None or not printed.values:
        why = "nothing that looks like one was printed" if printed else "it was not run"
        notes["objective", 0] = f"A stand-in ({why}): name the metric that the script reports."
        return notes
    if objective.metric not in printed.values:
        notes["objective", 0] = "The metric of the sweep. The first run did not show it: check it."
        return notes
    others = [n for n in printed.ranked() if n != objective.metric]
    last = brief(printed.values[objective.metric])
    notes["objective", 0] = f"The last value in a first run was {last}."
    if not printed.run:
        said = "Its source prints a metric of this name; it was not seen in a run: check it."
        notes["objective", 0] = said
    if others:
        how = "printed" if printed.sources[0].path is None else "there"
        notes["objective", 0] += (
            f" Also {how}: {', '.join(others[:12])}.\n"
            f"record = [{show(others[0])}] under [study] would keep and show that too."
            f"{_second_goal(others)}"
        )
    if direction_of(objective.metric) is None:
        notes["objective", 0, "direction"] = "a guess: check it"
    notes["objective", 0, "metric"] = "threshold = … sets a goal"
    return notes
