import os
import re
import stat
import tomllib
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.engine.spec.text.files import edited_by_hand, write_atomic
from hpo_tui.engine.spec.text.toml_text import toml_lines
from hpo_tui.engine.spec.text.write import (
    EditError,
    add_entry,
    add_parameter,
    command_text,
    move,
    remove,
    set_value,
    write,
)

SLOPPY = """\
# top
[study]
name="s"   # odd spacing
command = ["p", "{lr}"]
budget=3
warm = [
  "torch",  # heavy
]

space.lr = { type = "float", low = 0.1, high = 1 } # inline

[space.mid] # header
type = "int"
low = 1 # one
high = 9



# about the objective
[[objective]]
metric = "y"
direction = "minimize"
[[task]]
name = "a"
cost = 0.1
[[task]]
name = "b"
cost = 1"""


def test_comments_stay_where_they_are(full_text: str) -> None:
    changed = set_value(full_text, ("space", "lr", "low"), 1e-5)
    assert changed == full_text.replace("low = 1e-4", "low = 1e-5")
    changed = set_value(full_text, ("study", "budget"), "8h")
    assert 'budget = "8h"                     # full-task units' in changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("study", "seed"), 4),
        (("resources", "stall"), "5m"),
        (("stopping", "enabled"), False),
        (("space", "momentum", "when", "optimizer"), ["adam", "sgd"]),
        (("space", "momentum", "when", "depth"), [1]),
        (("space", "optimizer", "choices", 1), "rmsprop"),
        (("space", "lr", "prior"), {"mean": -2.0, "sd": 1.0}),
        (("task", 1, "cost"), 0.4),
        (("objective", 1, "threshold"), 1),
        (("env", "A B"), 'x\ny"z\\ \x7f'),
    ],
)
def test_a_value_is_set_or_added(full_text: str, path: KeyPath, value: object) -> None:
    changed = set_value(full_text, path, value)
    place: object = tomllib.loads(changed)
    for part in path:
        place = place[part]  # type: ignore[index]
    assert place == value
    assert tomlkit.parse(changed).unwrap() == tomllib.loads(changed)
    kept = [line for line in full_text.splitlines() if "#" in line]
    assert all(line in changed.splitlines() for line in kept if "when" not in line)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("study", "warm", 0), "numpy"),
        (("study", "space", "lr", "low"), 0.2),
        (("study", "space", "lr", "log"), True),
        (("space", "mid", "low"), 2),
        (("task", 1, "cost"), 0.9),
        (("resources", "slots"), 3),
        (("resources", "nice"), 5),
        (("study", "seed"), 9),
    ],
)
def test_sloppy_files_are_edited_too(path: KeyPath, value: object) -> None:
    place: object = tomllib.loads(set_value(SLOPPY, path, value))
    for part in path:
        place = place[part]  # type: ignore[index]
    assert place == value


@pytest.mark.parametrize("old", ['"""python a.py\\\n --x"""', "'''python a.py\n--x'''"])
def test_a_text_of_several_lines_stays_one(small_text: str, old: str) -> None:
    before = re.sub(r"command = .*", lambda _: f"command = {old}  # how", small_text)
    after = set_value(before, ("study", "command"), "python b.py\n    --y {lr}")
    assert 'command = """python b.py\n    --y {lr}"""  # how' in after


@given(st.text(max_size=30))
def test_a_text_in_three_quotes_reads_back(text: str) -> None:
    assert tomllib.loads(f"v = {toml_lines(text)}")["v"] == text


def test_parameters_come_after_the_last_one(full_text: str) -> None:
    text = add_parameter(full_text, "odd name", {"type": "int", "low": 1, "high": 3})
    spec = StudySpec.from_text(text)
    assert spec.space[-1].name == "odd name"
    assert text.index('[space."odd name"]') < text.index("[[objective]]")
    with pytest.raises(EditError, match="already"):
        add_parameter(text, "lr", {})


def test_a_first_parameter_and_a_first_task(small_text: str) -> None:
    text = remove(small_text, ("space", "lr"))
    text = add_parameter(text, "x", {"type": "float", "low": 0.0, "high": 1.0})
    text = set_value(text, ("study", "command"), "p {x}")
    text = add_entry(text, "task", {"name": "half", "cost": 0.5})
    text = add_entry(text, "task", {"name": "full", "cost": 1.0})
    spec = StudySpec.from_text(text)
    assert [t.name for t in spec.tasks] == ["half", "full"]


def test_removing_takes_the_comments_above_along(full_text: str) -> None:
    text = remove(full_text, ("space", "lr"))
    assert "matters most" not in text
    assert "# conditional" in text
    assert "\n\n\n" not in text
    assert "task" not in tomllib.loads(
        remove(remove(remove(full_text, ("task", 0)), ("task", 0)), ("task", 0))
    )
    assert "slots" not in remove(full_text, ("resources", "slots"))
    assert remove(full_text, ("space", "optimizer", "choices", 0)).count('choices = ["adam"]') == 1
    assert "when" not in remove(full_text, ("space", "momentum", "when"))
    for path in (("space", "nope"), ("task", 7), ("study", "name", "x")):
        with pytest.raises(EditError, match="there is no"):
            remove(full_text, path)


def test_moving(full_text: str) -> None:
    text = move(full_text, ("space", "lr"), 2)
    assert list(tomllib.loads(text)["space"])[:3] == ["optimizer", "momentum", "lr"]
    assert text.index("matters most") > text.index("[space.momentum]")
    text = move(text, ("task", 0), 99)
    assert [t["name"] for t in tomllib.loads(text)["task"]] == [
        "30 epochs",
        "60 epochs",
        "15 epochs",
    ]
    assert move(text, ("task", 0), -1) == text
    assert move(move(full_text, ("space", "lr"), 1), ("space", "lr"), -1) == full_text
    assert [t["name"] for t in tomllib.loads(move(SLOPPY, ("task", 1), -1))["task"]] == ["b", "a"]


def test_a_text_that_is_no_toml_is_not_edited() -> None:
    with pytest.raises(EditError, match="not valid TOML"):
        set_value("x = ", ("x",), 1)


def test_only_what_differs_is_written(small_text: str) -> None:
    text = write(StudySpec.from_text(small_text))
    assert "resources" not in text
    assert "resume" not in text
    assert "[[task]]" not in text


def test_notes_become_comments(small_text: str) -> None:
    spec = StudySpec.from_text(small_text)
    text = write(
        spec, {(): "one\ntwo", ("space", "lr"): "why\x1b", ("space", "lr", "low"): "l\now"}
    )
    assert text.startswith("# one\n# two\n\n[study]")
    assert "# why \n[space.lr]" in text or "# why\n[space.lr]" in text
    assert "low = 0.001  # l ow" in text
    assert StudySpec.from_text(text) == spec


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("p", "--lr", "{lr}"), "p --lr {lr}"),
        (("p", "a b"), "p 'a b'"),
        (("p", "|", "x"), ["p", "|", "x"]),
        (("A=1", "x"), ["A=1", "x"]),
        (("p", ""), "p ''"),
    ],
)
def test_commands_are_lines_where_that_reads_back(words: tuple[str, ...], text: object) -> None:
    assert command_text(words) == text


def test_a_file_is_replaced_in_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("old")
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    write_atomic(link, "é new\n")
    assert path.read_bytes() == "é new\n".encode()
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.toml", "study.toml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can edit what is another user's")
def test_what_root_edits_stays_its_user_s(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("old")
    path.chmod(0o600)
    os.chown(path, 65534, 65533)
    write_atomic(path, "new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 65533, 0o600)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "\ud800")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]


def test_a_folder_that_cannot_be_written_names_the_file_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "study.toml"
    with pytest.raises(OSError, match=re.escape(f"'{path}'")):
        write_atomic(path, "x")


def test_a_file_that_cannot_take_its_place_is_named_as_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.mkdir()
    with pytest.raises(OSError, match=re.escape(f"Is a directory: '{path}'")):
        write_atomic(path, "x")
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("kind", ["loop", "pipe", "folder", "absent", "empty"])
def test_what_is_no_text_is_no_edit_and_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "study.toml"
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    assert edited_by_hand(path, "text") is None


def test_a_link_that_leads_back_to_itself_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.symlink_to(path)
    write_atomic(path, "x")
    assert path.read_text() == "x"
