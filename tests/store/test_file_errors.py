"""Errors of files, as people are told of them."""

import errno
import os
from pathlib import Path

import pytest

from hpo_tui.store.file_errors import in_words


def _caught(path: Path) -> OSError:
    with pytest.raises(OSError, match="Errno") as caught:
        path.open("w")
    return caught.value


def test_what_is_in_the_way_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert in_words(_caught(tmp_path)) == (
        f"{tmp_path} is a folder, where a file is meant (Is a directory): move it away"
    )
    assert in_words(_caught(tmp_path / "file" / "x")) == (
        f"{tmp_path}/file/x goes through a file, where a folder is meant (Not a directory): move"
        " that file away"
    )
    assert in_words(_caught(tmp_path / "none" / "x")) == (
        f"{tmp_path}/none is not there (No such file or directory)"
    )


def test_of_what_cannot_be_made_the_folder_is_named(tmp_path: Path) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "new" / "x.db"))
    assert in_words(error).startswith(f"{tmp_path} is closed to you (Permission denied): ask")
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path))
    assert in_words(error).startswith(f"{tmp_path} lies on a disk that can only be read (")
    # What is told of a folder that is being emptied has its name alone.
    assert in_words(PermissionError(13, "Permission denied", "x")).startswith("x is closed to you")


@pytest.mark.parametrize(("mode", "words"), [(0o400, "rwx"), (0, "rwx"), (0o700, "")])
def test_who_has_closed_an_own_folder_is_told_how_to_open_it(
    tmp_path: Path, mode: int, words: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.chmod(mode)
    told = in_words(PermissionError(errno.EACCES, "Permission denied", str(folder)))
    folder.chmod(0o700)
    end = f"it is yours, `chmod u+{words}` opens it" if words else "or use a folder of yours"
    assert told.endswith(end)


@pytest.mark.skipif(os.geteuid() == 0, reason="to root nothing is closed")
def test_of_what_is_another_user_s_it_is_said_whose_it_is() -> None:
    told = in_words(PermissionError(errno.EACCES, "Permission denied", "/etc/shadow"))
    assert told.endswith("it is root's, ask root for the right to use it, or use a folder of yours")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_user_without_a_name_is_called_by_number(tmp_path: Path) -> None:
    os.chown(tmp_path, 4_000_001, -1)
    told = in_words(PermissionError(errno.EACCES, "Permission denied", str(tmp_path)))
    assert ": it is user 4000001's, ask user 4000001 for the right" in told


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ESTALE])
def test_where_no_file_is_named_it_is_what_was_meant(code: int) -> None:
    error = OSError(code, os.strerror(code))
    assert in_words(error, "runs.csv").startswith("runs.csv ")
    assert f"({os.strerror(code)}): " in in_words(error, "runs.csv")
    assert in_words(error).startswith(f"{os.strerror(code)}: ")


def test_what_nobody_has_thought_of_is_said_as_the_system_does() -> None:
    assert in_words(OSError(errno.ENXIO, "No such device"), "pipe") == "pipe: No such device"
    assert in_words(OSError("Ray did not start")) == "Ray did not start"
    assert in_words(OSError()) == "OSError"
    assert in_words(OSError(errno.EISDIR, "Is a directory", b"/tmp")).startswith("/tmp is a folder")
