"""The page on the study file and the reader know the same keys."""

import re
from pathlib import Path

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.placeholders import SPECIAL
from hpo_tui.engine.spec.schema import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "study-file.md"
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
