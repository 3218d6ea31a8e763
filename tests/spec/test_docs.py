"""The page on the study file and the reader know the same keys."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.placeholders import SPECIAL
from hpo_tui.engine.spec.schema import KEYS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "study-file.md"
SECTIONS = {
    "study": "## `[study]`",
    "space.*": "## `[space.NAME]`",
    "space.*.prior": "## `[space.NAME]`",
    "objective[]": "## `[[objective]]`",
    "constraint[]": "## `[[constraint]]`",
    "task[]": "## `[[task]]`",
    "resources": "## `[resources]`",
    "metrics[]": "## `[[metrics]]`",
    "stopping": "## `[stopping]`",
}


def chapter(title: str) -> str:
    text = PAGE.read_text("utf-8")
    assert text.count(f"\n{title}") == 1, title
    return text.split(f"\n{title}")[1].split("\n## ")[0]


def documented(title: str) -> set[str]:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", chapter(title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_key_is_on_the_page_and_nothing_else() -> None:
    assert set(SECTIONS) | {""} == set(KEYS)
    for section, title in SECTIONS.items():
        if section == "space.*.prior":
            assert all(f"`{key}`" in chapter(title) for key in KEYS[section])
        else:
            assert documented(title) == set(KEYS[section]), section


def test_every_section_has_its_place() -> None:
    text = PAGE.read_text("utf-8")
    for name in KEYS[""]:
        assert re.search(rf"`\[+{name}\b|`{name}`", text), name


def test_every_special_name_is_explained() -> None:
    rows = set(re.findall(r"^\| `\{(\w+)\}` \| ", chapter("## The command"), re.MULTILINE))
    assert set(SPECIAL) == rows - {"lr"}


def test_the_example_is_a_study() -> None:
    example = PAGE.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    spec = StudySpec.from_text(example)
    assert spec.name == "sparse-speech"
    assert len(spec.tasks) == 2


def test_usual_values_are_what_the_page_says() -> None:
    from hpo_tui.engine.spec import EarlyStopping, Resources
    from hpo_tui.engine.spec.units import duration

    usual: dict[str, object] = {k: getattr(Resources(), k) for k in Resources.__slots__}
    usual |= {k: getattr(EarlyStopping(), k) for k in EarlyStopping.__slots__}
    for title in ("## `[resources]`", "## `[stopping]`"):
        for key, shown in re.findall(
            r"^\| `(\w+)` \| [^|]+ \| `([^`|]+)` \|", chapter(title), re.MULTILINE
        ):
            said: object = shown.strip('"')
            if key == "grace":
                said = duration(str(said))
            if key == "trials_per_gpu":
                assert (said, usual[key]) == ("auto", 0)
                continue
            assert str(said).lower() == str(usual[key]).lower(), key


def study() -> dict[str, Any]:
    """Return a study with all that the pieces of the pages speak of."""
    unit: dict[str, Any] = {"type": "float", "low": 0.001, "high": 1.0}
    floats = dict.fromkeys(("lr", "warmup_start", "warmup_end"), unit)
    whole = {name: {"type": "int", "low": 1, "high": 64} for name in ("depth", "width")}
    kinds = {"type": "categorical", "choices": ["sgd", "adam"]}
    switch = {"type": "categorical", "choices": [True, False]}
    momentum = {"type": "float", "low": 0.0, "high": 0.99, "when": {"optimizer": ["sgd"]}}
    return {
        "study": {"name": "pieces", "command": "python train.py", "budget": 40},
        "space": {**floats, **whole, "optimizer": kinds, "momentum": momentum, "amp": switch},
        "objective": [{"metric": "accuracy", "direction": "maximize", "threshold": 0.9}],
        "task": [{"name": "short", "epochs": 15, "cost": 0.25},
                 {"name": "full", "epochs": 60, "cost": 1.0}],
    }  # fmt: skip


def pieces() -> list[tuple[str, dict[str, Any]]]:
    """Return each part of a study file that a page shows; of alternatives each by itself."""
    found = []
    for page in ("coming-from", "howto", "integrate", "study-file"):
        text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
        text = re.sub(r"^   (?=\S)", "", text, flags=re.MULTILINE)  # within a list
        for block in re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            lines = block.splitlines()
            each = len({line.partition(" = ")[0] for line in lines}) == 1
            found += [(page, tomllib.loads(text)) for text in (lines if each else [block])]
    return found


@pytest.mark.parametrize(("page", "piece"), pieces())
def test_pieces_of_a_study_file_are_taken(page: str, piece: dict[str, Any]) -> None:
    whole: dict[str, Any] = {} if "name" in piece.get("study", {}) else study()
    for section, content in piece.items():
        if section not in KEYS[""]:
            whole["study"][section] = content  # shown without the heading
        elif isinstance(content, dict):
            whole[section] = whole.get(section, {}) | content
        else:
            whole[section] = content
    StudySpec.from_dict(whole)


def test_pieces_are_found() -> None:
    assert len(pieces()) > 12


@pytest.mark.parametrize("amount", re.findall(r"^\| `budget = (.+?)` \|", PAGE.read_text(), re.M))
def test_budgets_of_the_page_are_taken(amount: str) -> None:
    whole = study()
    whole["study"] |= tomllib.loads(f"budget = {amount}")
    StudySpec.from_dict(whole)


def test_usual_values_of_a_study_are_what_the_page_says() -> None:
    spec = StudySpec.from_dict(study())
    said = dict(
        re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^`|]+)` \|", chapter("## `[study]`"), re.MULTILINE)
    )
    assert set(said) == {"resume", "seed", "repeats", "cost"}
    assert said["cost"].strip('"') == ("measured" if spec.cost_measured else "declared")
    for key in ("resume", "seed", "repeats"):
        assert said[key] == str(getattr(spec, key)).lower(), key
