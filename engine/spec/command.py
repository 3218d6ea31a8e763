"""From a configuration to what is run: the words of the command, its environment, its files.

No shell is involved: a value becomes one argument, whatever characters it has.
"""

import contextlib
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath

from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.parts import Task, Value
from hpo_tui.engine.spec.placeholders import Piece, parse, used
from hpo_tui.engine.spec.space import coerce
from hpo_tui.store.folder import TrialFolder

_YAML = (".yaml", ".yml")


def show_value(value: Value) -> str:
    """Return a value as an argument: ``0.001``, ``16``, ``true``, text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def trial_seed(spec: StudySpec, repeat: int) -> int:
    """Return the seed of a trial: that of the study, another one for each ``repeat``."""
    return spec.seed + repeat


def placeholder_values(
    spec: StudySpec,
    params: Mapping[str, Value],
    task: Task,
    trial_dir: str | Path,
    *,
    resume: str | Path | None = None,
    seed: int | None = None,
    trial: int | None = None,
) -> dict[str, Value]:
    """Return what each placeholder stands for; a name that is absent here is left out.

    ``seed`` is that of the study where it is not given. Parameters come before fidelity values,
    those before the special names.
    """
    folder = Path(trial_dir)
    special: dict[str, object] = {
        "trial_dir": folder,
        "checkpoint": folder / "checkpoint",
        "resume": resume,
        "params_file": folder / "params.json",
        "seed": spec.seed if seed is None else seed,
        "task": task.name,
        "trial": trial,
        "study_dir": spec.source.parent.absolute() if spec.source else None,
    }
    values: dict[str, Value] = {k: str(v) for k, v in special.items() if v is not None}
    # A database gives 1 for true, and JSON 16.0 for 16; what is run has the study's own form, and
    # the fixed parameters, which nobody draws.
    return {**values, **task.fidelity, **coerce(spec, params)}


def command_line(spec: StudySpec, values: Mapping[str, Value]) -> list[str]:
    """Return the argv of one trial, filled in from :func:`placeholder_values`.

    A word with a placeholder that has no value (an inactive parameter, ``{resume}`` of a fresh
    trial) is left out together with the option word before it: ``--momentum {momentum}``.
    """
    return fill_words(spec.command, values)


def shell_line(spec: StudySpec, task: Task, values: Mapping[str, Value]) -> str:
    """Return the line that runs a trial's configuration again by hand, quoted for a shell.

    ``values``: of :func:`placeholder_values`, without ``resume``. It begins from the start and
    leaves the trial's files alone: what it writes goes to a new folder where it is run, which the
    line makes, as the runner would. The study's own variables stand before the command, and so
    does ``HPO_PARAMS`` where the command does not say everything.
    """
    given = {p.name for p in spec.space} | task.fidelity.keys()
    told = used([*spec.command, *spec.env.values()])
    new = _new_folders(values, told - given)
    own = _files_left_in_place(spec, values, new)
    values = {**values, **new}
    variables = environment(spec, values)
    searched = {p.name for p in spec.free} | task.fidelity.keys()
    whole = "params_file" in told or spec.template is not None
    if not whole and (searched & values.keys()) - told:
        variables |= {"HPO_PARAMS": str(values["params_file"]), "HPO_SEED": str(values["seed"])}
    words = [f"{k}={shlex.quote(_replaced(text, own))}" for k, text in variables.items()]
    words += [shlex.quote(_replaced(word, own)) for word in fill_words(spec.command, values)]
    line = " ".join(words)
    made = str(new.get("checkpoint") or new.get("trial_dir") or "")
    # A template alone is read where it is: nothing is written to a folder of its own.
    return f"mkdir -p {shlex.quote(made)} && {line}" if made and made in line else line


def _new_folders(values: Mapping[str, Value], told: Collection[str]) -> dict[str, Value]:
    """Return what stands for a trial's own folders of which the command is ``told``."""
    folder = f"rerun-{PurePath(str(values['checkpoint'])).parent.name}"
    if "trial_dir" not in told:
        return {"checkpoint": folder} if "checkpoint" in told else {}
    below: dict[str, Value] = {"checkpoint": f"{folder}/checkpoint"} if "checkpoint" in told else {}
    return {"trial_dir": folder, **below}


def _files_left_in_place(
    spec: StudySpec, values: Mapping[str, Value], new: Mapping[str, Value]
) -> dict[str, str]:
    """Return file in a ``new`` folder → the trial's own, for what the command may read there.

    The trial's configuration, and the template that was filled in for it, are nowhere else.
    """
    if "trial_dir" not in new:
        return {}
    names = ["params.json", *(spec.template[1:] if spec.template else ())]
    return {f"{new['trial_dir']}/{name}": f"{values['trial_dir']}/{name}" for name in names}


def _replaced(text: str, others: Mapping[str, str]) -> str:
    """Return ``text`` with each of ``others`` in the place of what it is for."""
    for old, other in others.items():
        text = text.replace(old, other)
    return text


def environment(spec: StudySpec, values: Mapping[str, Value]) -> dict[str, str]:
    """Return the study's own variables, filled in from :func:`placeholder_values`.

    A variable with a placeholder that has no value is left out.
    """
    filled = {name: _fill(parse(text), values) for name, text in spec.env.items()}
    return {name: text for name, text in filled.items() if text is not None}


def trial_variables(
    spec: StudySpec,
    values: Mapping[str, Value],
    study: Path,
    files: TrialFolder,
    *,
    resume: Path | None,
    seed: int,
) -> dict[str, str]:
    """Return the variables of one trial: the study's own, and those of the trial protocol."""
    return {
        **environment(spec, values),
        "HPO_STUDY": str(study),
        "HPO_TRIAL_DIR": str(files.path),
        "HPO_PARAMS": str(files.params),
        "HPO_REPORTS": str(files.reports),
        "HPO_CHECKPOINT": str(files.checkpoint),
        "HPO_RESUME": str(resume or ""),
        "HPO_SEED": str(seed),
    }


def write_params(
    files: TrialFolder,
    params: Mapping[str, Value],
    task: Task,
    *,
    trial: int,
    seed: int,
    attempt: int,
) -> None:
    """Write the file that a trial finds its configuration in. Raises OSError."""
    content = params_content(params, task, trial=trial, seed=seed, attempt=attempt)
    files.params.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def params_content(
    params: Mapping[str, Value], task: Task, *, trial: int, seed: int, attempt: int
) -> dict[str, object]:
    """Return what stands in the file that a trial finds its configuration in."""
    return {
        "trial": trial,
        "task": task.name,
        "params": dict(params),
        "cost": task.cost,
        "fidelity": dict(task.fidelity),
        "seed": seed,
        "attempt": attempt,
    }


def fill_words(words: Sequence[str], values: Mapping[str, Value]) -> list[str]:
    """Return the words of a template with their placeholders filled in."""
    argv: list[str] = []
    before: tuple[Piece, ...] = ()
    for word in words:
        pieces = parse(word)
        text = _fill(pieces, values)
        if text is None:
            if argv and _is_option(before):
                argv.pop()
        elif text or not any(p.kind == "switch" for p in pieces):
            argv.append(text)
        before = pieces
    return argv


def template_file(name: str, own: Path, workplace: Path) -> Path:
    """Return where a study's template lies: in its own folder, else where trials run."""
    return own / name if (own / name).is_file() else workplace / name


def write_template(
    spec: StudySpec, values: Mapping[str, Value], source: Path, files: TrialFolder
) -> None:
    """Fill in the study's template, which lies at ``source``, for one trial. Raises OSError."""
    assert spec.template is not None
    name = spec.template[1]
    known = [p.name for p in spec.space] + [n for t in spec.tasks for n in t.fidelity] + [*values]
    filled = fill_template(source.read_text("utf-8"), values, name, list(dict.fromkeys(known)))
    path = files.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(filled, "utf-8", "surrogateescape")  # a path of ours need not be UTF-8


def fill_template(text: str, values: Mapping[str, Value], name: str, known: Sequence[str]) -> str:
    """Return a configuration file with ``{name}`` of the ``known`` names filled in.

    Other braces are left alone. A line with a name that has no value is left out; in JSON, whose
    commas would not bear that, it becomes ``null``. ``name`` is the file's, for its suffix.
    """
    suffix = PurePath(name).suffix.lower()
    pattern = re.compile("|".join(re.escape("{" + k + "}") for k in known) or r"(?!)")
    lines = []
    for line in text.splitlines(keepends=True):
        absent = any(m[1:-1] not in values for m in pattern.findall(line))
        if not absent or suffix == ".json":
            lines.append(pattern.sub(lambda m: _quoted(values.get(m.group()[1:-1]), suffix), line))
    return "".join(lines)


def _quoted(value: Value | None, suffix: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, str) and suffix in (".json", ".toml", *_YAML):
        return json.dumps(value, ensure_ascii=False)[1:-1]
    shown = show_value(value)
    if isinstance(value, float) and suffix in _YAML and "." not in shown:
        return shown.replace("e", ".0e")  # to YAML 1.1, so to PyYAML, 1e-05 is a text
    return shown


def _fill(pieces: Sequence[Piece], values: Mapping[str, Value]) -> str | None:
    """Return a word filled in, or None where one of its values is absent."""
    if _in_checkpoint(pieces) and "resume" in values:
        pieces = (*pieces[:-1], Piece("text", _newest(str(values["resume"]), pieces[-1].text)))
    text = ""
    for piece in pieces:
        if piece.kind == "text":
            text += piece.text
        elif piece.name not in values:
            return None if piece.kind == "value" or len(pieces) > 1 else ""
        elif piece.kind == "value":
            text += show_value(values[piece.name])
        elif bool(values[piece.name]) is not piece.negated:
            text += piece.text
    return text


def _in_checkpoint(pieces: Sequence[Piece]) -> bool:
    """Whether a word ends with a path in the checkpoint to go on from that has wildcards."""
    where, what = pieces[-2:] if len(pieces) > 1 else (Piece("text"), Piece("text"))
    begun = where.kind == "value" and where.name == "resume" and what.kind == "text"
    return begun and what.text.startswith("/") and any(c in what.text for c in "*?[")


def _newest(folder: str, pattern: str) -> str:
    """Return what is newest of what fits in a folder; the pattern itself where nothing does.

    Of the same time, as in a copy, the one with the greatest number: checkpoint-1000, not -500.
    """
    found = []
    with contextlib.suppress(OSError, ValueError):
        for path in Path(folder).glob(pattern.lstrip("/")):
            name = f"/{path.relative_to(folder)}"
            numbers = [int(n) for n in re.findall(r"\d+", name)]
            found.append((path.stat().st_mtime, numbers, name))
    return max(found, default=(0.0, [], pattern))[2]


def _is_option(pieces: Sequence[Piece]) -> bool:
    """Whether a word is a bare option such as ``--lr`` whose value is the next word."""
    return (
        len(pieces) == 1
        and pieces[0].kind == "text"
        and pieces[0].text.startswith("-")
        and "=" not in pieces[0].text
    )
