"""Short trials that spend their time on imports: `warm` is advised, once, where it would work."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

SLOW = "import time\ntime.sleep(0.8)\n"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library that takes 0.8 s to be imported, in a folder that is no part of the study."""
    place = tmp_path / "site"
    place.mkdir()
    (place / "sklearn.py").write_text(SLOW)
    return place


def run(make_study: Any, script: str, library: Path, **parts: Any) -> Any:
    """Run two trials of a script; the second waits until the first was looked at."""
    tables = f'[env]\nPYTHONPATH = "{library}"\n'
    study = make_study(textwrap.dedent(script), budget=2, tasks=tables, **parts).started()
    study.until(lambda: len(study.trials()) == 2)
    return study


def advice(study: Any) -> list[str]:
    return [e.text for e in study.events("advice")]


WAITS = "import sklearn\nif given['trial'] == 2: hold()\nreport(accuracy=1)"


def test_it_is_advised_with_the_words_to_write_and_once(make_study: Any, library: Path) -> None:
    study = run(make_study, WAITS, library)
    (text,) = study.until(lambda: advice(study))
    assert re.match(r"trial 1 took .*s, (most|about .*s) of it to import sklearn: ", text)
    assert 'warm = ["sklearn"] under [study] spares each trial this' in text
    study.kill_runner()
    study.start()
    study.go()
    study.gone()
    assert len(advice(study)) == 1


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("import json\nreport(accuracy=1)", {}),
        ("import sklearn\nreport(accuracy=1)", {"study": 'warm = ["json"]'}),
    ],
    ids=["nothing heavy", "warm is set"],
)
def test_it_is_not_advised_for_nothing(
    make_study: Any, library: Path, script: str, parts: dict[str, str]
) -> None:
    study = run(make_study, script, library, **parts)
    study.gone()
    assert advice(study) == []
    assert study.get("warm:measured") is None


def test_a_library_that_cannot_be_forked_is_not_advised(make_study: Any, library: Path) -> None:
    text = "import threading\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    (library / "sklearn.py").write_text(f"{SLOW}{text}\n")
    study = run(make_study, WAITS, library)
    study.until(lambda: (study.get("warm:measured") or ["", ""])[1])
    study.go()
    study.gone()
    assert advice(study) == []
