"""From an unmodified training script to a study file that can be run."""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.adapted import lacking
from hpo_tui.engine.define.compose import Plan, make_plan, make_spec, with_metrics
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.find import find_options
from hpo_tui.engine.define.first_run import first_run, timed
from hpo_tui.engine.define.hydra.sweep import hydra_sweep, sweep_advice
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.optuna.draft import optuna_draft
from hpo_tui.engine.define.optuna.source import uses_optuna
from hpo_tui.engine.define.per_epoch import how_to_print, printed_once
from hpo_tui.engine.define.preview import asks
from hpo_tui.engine.define.raytune.draft import ray_tune_draft
from hpo_tui.engine.define.raytune.source import uses_ray_tune
from hpo_tui.engine.define.remarks import remarks
from hpo_tui.engine.define.script import Script, adapted, command_words, launched, script_of
from hpo_tui.engine.define.sigopt.command import OURS, Asked, asked_of_sigopt, words_for
from hpo_tui.engine.define.sigopt.draft import experiment_draft, sigopt_draft
from hpo_tui.engine.define.sigopt.file import is_experiment, read_experiment
from hpo_tui.engine.define.sigopt.source import uses_sigopt
from hpo_tui.engine.define.sources.prints import read_source
from hpo_tui.engine.define.sources.texts import is_file, is_folder, local_sources
from hpo_tui.engine.define.wandb.draft import sweep_draft
from hpo_tui.engine.define.wandb.env import placed, remark, uses_wandb
from hpo_tui.engine.define.wandb.file import SUFFIXES, UNREAD, read_sweep, starts_sweep, sweep_in
from hpo_tui.engine.define.wrapper import Wrapped, wrapped
from hpo_tui.engine.spec.names import did_you_mean, plain
from hpo_tui.engine.spec.text.toml_text import toml_key

_NO_METRIC = (
    "no metric was seen in the output: name it under [[objective]], and where it is found "
    "under [[metrics]]"
)
_RETURNED = (
    "no metric was seen in the output: a Hydra sweep takes what the script returns, a trial what it"
    ' prints. Have it print that as well: print(f"loss={loss}")'
)
_READ = "{name} is no script: name the one that reads it, hpo-tui init -- python train.py {name}"
_NO_SCRIPTS = dict.fromkeys((".toml", ".ini", ".cfg", ".conf", ".txt", ".csv", ".md"), _READ) | {
    ".ipynb": "{name} is a notebook: make a script of it, jupyter nbconvert --to script {name}, and"
    " then hpo-tui init {stem}.py"
}
"""What is said of files that are no scripts, by how their names end."""


def init(
    argv_or_script: str | Path | Sequence[str],
    folder: Path,
    *,
    run: bool = True,
    timeout: float = 180.0,
) -> Draft:
    """Propose a study for a script or a command that was never seen before; it is not changed.

    ``folder`` is where the command runs. Its options are found without training; with ``run`` it
    is started once at the smallest fidelity, for ``timeout`` seconds at most, to see what it
    prints and how long it takes. Nothing is written: see :meth:`Draft.save`. Raises ValueError, in
    a sentence, for a command that is empty or not there.
    """
    given, limit = words_of(argv_or_script, folder), timeout if run else None
    if (experiment := _experiment(given, folder)) is not None:
        return experiment_draft(experiment, folder, limit)
    if len(given) == 1 and given[0].endswith(SUFFIXES):
        return sweep_draft(read_sweep(folder / given[0]), folder, limit)
    tracked = asked_of_sigopt(given)
    given = words_for(tracked, folder) if tracked else given
    words = command_words(given, folder)
    inside = wrapped(words, folder)
    script = script_of(inside.words if inside else words, folder)
    texts = local_sources(script, folder) if script else []
    if script is not None and inside is None:
        own = _own_study(Script(script, texts, words, folder), limit)
        if own is not None:
            return own
        words = tuple(adapted(words, folder, OURS)) if uses_sigopt(texts) else words
    return _by_options(given, words, script, texts, folder, inside=inside, limit=limit)


def _by_options(
    given: Sequence[str], words: Sequence[str], script: Path | None, texts: Sequence[str],
    folder: Path, *, inside: Wrapped | None, limit: float | None,
) -> Draft:  # fmt: skip
    """Propose a study by the options of a command, which ``given`` is as its user wrote it.

    ``inside``: what it runs if it is a shell script. ``limit``: the seconds of a first run; None
    for no run.
    """
    sweep = hydra_sweep(words, folder, script, "\n".join(texts))
    words = sweep.words if sweep else words
    found = find_options(words, folder, texts, inside)
    if found.commands and not found.options:
        raise ValueError(found.advice[0])
    plan = make_plan(found, folder)
    plan = sweep.applied(plan) if sweep else plan
    spec = make_spec(plan, words, folder, script)
    files = _template(plan)
    advice = [_plain_lines(a) for a in plan.found.advice] + (sweep_advice(sweep) if sweep else [])
    advice += [UNREAD] if starts_sweep(texts) else []
    needs = _missing(plan, words)
    advice += [_needed(needs, words)] if needs else []
    tried = printed = None
    if limit is not None and not needs and not found.broken:
        # A run that is only looked at is not uploaded.
        looked = placed(spec) if uses_wandb(texts) else spec
        tried, printed, said = first_run(plan, looked, folder, files, limit)
        advice += [*said, *(lacking(tried) if OURS in words else ())]
    if printed is None or not printed.values:
        printed = read_source(texts) or printed
    spec = with_metrics(spec, printed) if printed is not None else spec
    if sweep is not None:
        good = tried is None or tried.code == 0
        spec = sweep.with_goal(spec, printed.values if printed and good else {})
    if tried is not None and not (printed and printed.values):
        how = how_to_print(texts) if tried.code == 0 else ""
        unseen = _NO_METRIC + (f". {how}" if how else "")
        advice.append(_RETURNED if sweep and tried.code == 0 else unseen)
    elif tried is not None and printed is not None:
        advice += filter(None, [printed_once(spec, tried, printed, texts)])
    if not plan.proposals and not needs:
        into = "" if asks(words, folder) else ", and {NAME} into the command"
        advice.append(f"no parameter was found: write [space.NAME] tables by hand{into}")
    advice += _asked_in_vain(plan)
    notes = remarks(plan, spec, printed, shlex.join(given), texts)
    reached = not any(o.style == "constant" for o in found.options) or not found.advice
    if tried is not None and tried.code == 0 and reached:
        spec = timed(spec, tried, notes)
    if spec.metrics[0].kind == "wandb":
        spec, notes["env",] = placed(spec), remark(spec.name)
    how = plan.found.how if plan.proposals else ""
    left, told = tuple(plan.left), tuple(advice)
    return Draft.of(spec, notes, how, left=left, advice=told, tried=tried, files=files)


def _needed(needs: Sequence[Option], words: Sequence[str]) -> str:
    """Say which options the script needs that the command lacks, with the command that has them."""
    named = " and ".join(o.flag for o in needs)
    whole = " ".join(map(_example, needs))
    return f"the script needs {named}: hpo-tui init --force -- {shlex.join(words)} {whole}"


def _own_study(script: Script, limit: float | None) -> Draft | None:
    """Return the study of a script that states one itself: a sweep, a search, an experiment."""
    texts = script.texts
    if starts_sweep(texts) and (served := sweep_in(script.words, script.folder)) is not None:
        return sweep_draft(served, script.folder, limit)
    if uses_ray_tune(texts):
        return ray_tune_draft(script, limit)
    if uses_optuna(texts):
        return optuna_draft(script, limit)
    return sigopt_draft(script, limit) if uses_sigopt(texts) else None


def _asked_in_vain(plan: Plan) -> list[str]:
    """Say what a script asks its trial for that the study has no value of, and it has no default.

    Every trial would end at ``trial.params["width"]``.
    """
    lacks = [plain(o.name) for o in plan.left if o.style == "params" and o.default is None]
    if not lacks:
        return []
    tables = ", ".join(f"[space.{toml_key(name)}]" for name in lacks)
    return [
        f"the script asks the trial for {' and '.join(lacks)}, and no default tells a range: write"
        f" {tables} by hand"
    ]


def _plain_lines(text: str) -> str:
    """Return a text of several lines with nothing in it that a terminal would act on."""
    return "\n".join(plain(line) for line in text.split("\n"))


def words_of(given: str | Path | Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return a command, or a script's name, as words. Raises ValueError where it is none."""
    words: tuple[str, ...]
    if isinstance(given, Path):
        words = (str(given),)
    elif isinstance(given, str):
        words = (given,) if is_file(folder / given) else tuple(shlex.split(given))
    else:
        words = tuple(given)
    if not words or not words[0].strip():
        raise ValueError("name a script or a command: train.py, or -- python train.py")
    if fault := _program_fault(words, folder):
        raise ValueError(fault)
    if (asked := _experiment(words, folder)) is not None:
        words_for(asked, folder, read_experiment(folder / asked.experiment).run)
    elif len(words) == 1 and words[0].endswith(SUFFIXES):
        read_sweep(folder / words[0])
    return words


def _experiment(words: Sequence[str], folder: Path) -> Asked | None:
    """Return the SigOpt experiment that a command names, by its file or as SigOpt's own does."""
    if len(words) == 1 and words[0].endswith(SUFFIXES):
        return Asked(words[0], "", ()) if is_experiment(folder / words[0]) else None
    asked = asked_of_sigopt(words)
    return asked if asked is not None and asked.experiment else None


def _program_fault(words: Sequence[str], folder: Path) -> str:
    """Return why a command is none for certain, nothing where it may be one."""
    if asked_of_sigopt(words) is not None:  # whose program need not be here any more
        return ""
    name, path = words[0], folder / words[0]
    if is_folder(path):
        package = shlex.join(["--", "python", "-m", path.name])
        more = f", or {package}" if (path / "__main__.py").is_file() else ""
        return f"{plain(name)} is a folder: name the script in it that trains{more}"
    if len(words) == 1 and is_file(path) and path.suffix in _NO_SCRIPTS:
        return _NO_SCRIPTS[path.suffix].format(name=plain(name), stem=plain(path.stem))
    if is_file(path) or (not name.endswith(".py") and (len(words) > 1 or shutil.which(name))):
        return ""
    near = did_you_mean(name, [p.name for p in folder.glob("*.py")])
    return f"there is no {plain(name)} in {plain(str(folder))}{near}"


def _missing(plan: Plan, words: Sequence[str]) -> list[Option]:
    """Return the options that the script needs and the command does not have."""
    missing = [o for o in plan.left if o.required and not _given(words, o)]
    # A launcher gives each process its rank.
    return [o for o in missing if not (launched(words) and o.name == "local_rank")]


def _given(words: Sequence[str], option: Option) -> bool:
    if option.style == "positional":
        return option.word >= 0
    said = {w.partition("=")[0] for w in words}
    return not said.isdisjoint((option.flag, *option.aliases))


def _example(option: Option) -> str:
    """Return how an option is given that has to be; what stands by its place is in capitals."""
    if option.style == "positional":
        return option.name.upper()
    return f"{option.flag} {option.default or '…'}"


def _template(plan: Plan) -> dict[str, str]:
    """Return the configuration file to fill in, with what is not searched as it was."""
    if plan.found.template is None:
        return {}
    name, text = plan.found.template
    for option in plan.left:
        text = text.replace(f"{{{option.name}}}", plan.found.raw.get(option.name, ""))
    if plan.seed is not None:
        text = text.replace(f"{{{plan.seed.name}}}", "{seed}")
    return {name: text}
