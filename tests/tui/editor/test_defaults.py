"""What the editor shows in the place of a setting that is not set is what applies."""

from pathlib import Path

import pytest
from textual.widgets import Input

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.editor import edits
from hpo_tui.tui.editor.defaults import DEFAULTS
from hpo_tui.tui.editor.fields import FIELDS, field
from hpo_tui.tui.editor.form import FormTable, check, form_rows
from hpo_tui.tui.editor.values import read_value
from hpo_tui.tui.screens.item_dialog import ItemDialog
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import until
from tests.tui.test_define import editor

TEXT = """\
[study]
name = "net"
command = "python train.py --lr {lr}"
budget = 10

[space.lr]
type = "float"
low = 1e-4
high = 0.1

[[objective]]
metric = "accuracy"
direction = "maximize"

[[constraint]]
metric = "latency"
max = 5
"""
PLACES: dict[str, tuple[str | int, ...]] = {
    "study": ("study",), "space.*": ("space", "lr"), "objective[]": ("objective", 0),
    "constraint[]": ("constraint", 0), "resources": ("resources",), "stopping": ("stopping",),
}  # fmt: skip
IN_WORDS = {
    "found out from repeats", "only the budget ends it", "nobody is told", "none",
    "always active", "no goal", "no limit", "an equal share of the cores",
}  # fmt: skip
"""What applies, where there is nothing to type that means the same."""
SET_HERE = {("constraint[]", "max")}


def _every() -> list[tuple[str, str]]:
    return [(s, k) for s, held in DEFAULTS.items() for k in held if (s, k) not in SET_HERE]


@pytest.mark.parametrize(("section", "key"), _every())
def test_what_is_shown_as_the_default_changes_nothing_when_it_is_typed(
    section: str, key: str
) -> None:
    place = PLACES[section]
    known = field(str(place[0]), key)
    assert known.default == DEFAULTS[section][key]
    if known.default in IN_WORDS:
        return
    before = StudySpec.from_text(TEXT)
    path = place if place[0] in ("space", "objective", "constraint") else (*place, key)
    text, _ = edits.apply_values(TEXT, path, {key: read_value(known, known.default)})
    assert text != TEXT
    assert StudySpec.from_text(text) == before


def test_what_has_no_default_has_to_be_set() -> None:
    assert {f.key for f in FIELDS["study"] if not f.unset} == {"name", "command", "budget"}
    for section in ("resources", "stopping"):
        assert all(f.unset for f in FIELDS[section])


def test_the_form_shows_every_setting_and_dims_what_is_not_set() -> None:
    text = TEXT.replace("budget = 10", "budget = 10\nseed = 7") + "[resources]\nslots = 3\n"
    rows = form_rows(check(text))
    table = FormTable(rows, 80)
    cells = {row.path: table.cells(n) for n, row in enumerate(rows)}
    assert cells["study", "seed"][2] == ("7", "")
    assert cells["study", "resume"][2] == ("default: no", "dim")
    assert cells["resources", "slots"][2] == ("3", "")
    assert cells["resources", "failures"][2] == ("default: 5", "dim")
    assert cells["stopping", "patience"][2] == ("default: 0.05", "dim")
    assert not any(row.unset for row in rows if row.section in ("space", "objective", "env"))


def test_relations_at_the_head_of_the_file_are_not_said_to_be_missing() -> None:
    rows = form_rows(check('constraints = ["lr < 0.05"]\n' + TEXT))
    assert next(r.value for r in rows if r.path == ("study", "constraints")) == ""


async def test_a_field_shows_its_default_until_it_is_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, file)
        form = screen.query_one(StudyForm)
        form.move_to(("space", "lr"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        shown = {
            label.content.plain: line.placeholder  # type: ignore[union-attr]  # a Text, as it was given
            for label, line in zip(
                app.screen.query(".label").results(), app.screen.query(Input), strict=True
            )
        }
        assert shown["log"] == "default: no"
        assert shown["when"] == "default: always active"
        assert shown["low"] == ""
        line = next(i for i in app.screen.query(Input) if i.value == "float")
        line.value = "categorical"
        log = app.screen.query_one("#field-4", Input)
        await until(pilot, lambda: log.placeholder == "")
        line.value = "int"
        await until(pilot, lambda: log.placeholder == "default: no")


@pytest.mark.parametrize(("row", "several"), [(("study", "seed"), False), (("study",), True)])
async def test_a_form_of_one_field_names_no_keys_for_going_to_others(
    tmp_path: Path, row: tuple[str, ...], several: bool
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one(StudyForm).move_to(row)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        assert ("Up Down" in str(app.screen.query_one(".keys").render())) is several
