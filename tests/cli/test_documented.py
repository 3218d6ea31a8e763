"""Every command is on its page, and the pages agree with the settings and the tree."""

from pathlib import Path

import click
import pytest

from hpo_tui.tui.cli.root import COMMANDS, root

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_is_documented(name: str) -> None:
    context = click.Context(root)
    command = root.get_command(context, name)
    assert command is not None
    assert f"hpo-tui {name}" in DOCS
    assert f"[`{name}`](#hpo-tui-" in DOCS, "the table of commands at the top"
    options = [p for p in command.params if isinstance(p, click.Option)]
    for option in options:
        assert option.help or option.secondary_opts, f"{name} {option.name} has no help"
    assert command.help, name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from hpo_tui.tui.cli import main

    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: hpo-tui {name}")


def test_the_key_table_is_the_one_of_the_actions() -> None:
    from hpo_tui.tui.keys import markdown

    written = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    assert written == f"# Keys\n\n{markdown()}\n", "write it anew: make keys"


def test_nothing_is_documented_that_is_not_there() -> None:
    import re

    for name in re.findall(r"^### `hpo-tui (\w+)", DOCS, re.MULTILINE):
        assert name in COMMANDS
    for name in re.findall(r"hpo-tui ([a-z]+)(?: |`|\n)", README):
        assert name in COMMANDS or name.startswith("sparse"), name


def test_every_setting_is_documented() -> None:
    from dataclasses import fields

    from hpo_tui.tui.config import Settings

    chapter = DOCS.split("\n## Settings\n")[1].split("\n## ")[0]
    for field in fields(Settings):
        if field.name not in ("keys", "faults"):
            usual = '`""`' if field.default == "" else f"`{str(field.default).lower()}`"
            usual = "as the terminal" if field.default is None else usual
            assert f"| `{field.name}` | {usual} |" in chapter


def test_the_example_of_other_keys_is_taken(tmp_path: Path) -> None:
    from hpo_tui.tui.config import load_settings

    (tmp_path / "keys.toml").write_text(DOCS.split("```toml\n")[1].split("```")[0], "utf-8")
    settings = load_settings(tmp_path)
    assert settings.keys == {"trial.kill": "K", "study.extend": "plus,f5"}
    assert settings.faults == ()


def test_how_tos_name_commands_and_keys_that_are_there() -> None:
    import re

    text = (Path(__file__).parents[2] / "docs" / "howto.md").read_text("utf-8")
    for name in re.findall(r"hpo-tui ([a-z]+)\b", text):
        assert name in COMMANDS


def _anchors(page: Path) -> set[str]:
    """The places of a page that a link can name, as GitHub makes them of headings."""
    import re

    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {text.replace(" ", "-") for text in plain}


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{p.name}" for p in PAGES)])
def test_links_lead_somewhere(name: str) -> None:
    import re

    page = Path(__file__).parents[2] / name
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


def test_the_map_of_the_rooms_names_files_that_are_there() -> None:
    """A name without a folder stands for a file beside the one that is named before it."""
    import re

    root = Path(__file__).parents[2]
    text = (root / "docs" / "architecture.md").read_text("utf-8")
    rooms = text.split("| to find | look in |")[1].split("\n## ")[0]
    named = [c for row in rooms.splitlines() for c in re.findall(r"`([\w/*.]+)`", row[2:])]
    there = [name for name in named if name.endswith((".py", "/"))]
    assert len(there) > 40
    folder = root
    for name in there:
        path = root / name if "/" in name else folder / name
        assert list(root.glob(str(path.relative_to(root)))), name
        folder = path.parent


@pytest.mark.parametrize(
    "folder",
    ["engine/define", "engine/optimizer", "engine/spec", "engine/execution", "engine/runner"],
)
def test_the_modules_and_packages_of_a_folder_that_is_described_are_named(folder: str) -> None:
    """All of its own, and of its packages' modules none that is not there."""
    import re

    root = Path(__file__).parents[2]
    text = (root / "docs" / "architecture.md").read_text("utf-8")
    part = text.split(f"### `{folder}/`")[1].split("\n### ")[0]
    named = set(re.findall(r"`(\w+\.py)`", part))
    own = {p.name for p in (root / folder).glob("*.py")} - {"__init__.py"}
    assert own <= named <= own | {p.name for p in (root / folder).glob("*/*.py")}
    packages = {p.parent.name for p in (root / folder).glob("*/__init__.py")}
    assert packages == set(re.findall(r"`(\w+)/`", part))


def test_the_page_of_the_search_names_modules_that_are_there() -> None:
    import re

    root = Path(__file__).parents[2]
    text = (root / "docs" / "search.md").read_text("utf-8")
    named = set(re.findall(r"[\w/]+\.py\b", text))
    folders = ("engine/optimizer", "benchmarks")
    there = {p.name for folder in folders for p in (root / folder).rglob("*.py")}
    assert len(named) > 15
    assert {Path(name).name for name in named} <= there


ARCHITECTURE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")


def test_every_package_is_on_the_map() -> None:
    root = Path(__file__).parents[2]
    packages = [p.parent for part in ("engine", "tui", "store") for p in
                (root / part).glob("*/**/__init__.py")]  # fmt: skip
    assert len(packages) > 30
    for package in packages:
        named = {f"`{package.name}/`", f"`{package.relative_to(root)}/", f"/{package.name}/"}
        assert any(name in ARCHITECTURE for name in named), package


def test_every_dependency_has_its_reason() -> None:
    import re
    import tomllib

    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {k: v for k, v in project["optional-dependencies"].items() if k != "dev"}
    needed = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    needed |= {f"{re.split('[<>=]', line)[0]} (extra `{k}`)" for k in extras for line in extras[k]}
    table = ARCHITECTURE.split("| package | used for |")[1]
    rows = re.findall(r"^\| (.+?) \| ", table, re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == needed


def test_every_how_to_is_in_the_table_at_the_top() -> None:
    import re

    top, rest = (PAGES[0].parent / "howto.md").read_text("utf-8").split("\n## Run\n")
    linked = set(re.findall(r"\]\(#([\w-]+)\)", top))
    heads = re.findall(r"^#{2,3} (.+)$", rest, re.MULTILINE)
    places = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    assert linked == places | {"run"}
