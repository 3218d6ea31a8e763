"""A list over several lines is changed entry by entry: its comments stay."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.spec.text.write import set_value

BEFORE = """\
[study]
warm = [   # imported once
    "torch",      # slow
    # the next two go together
    "a", "b",
    "numpy"  # last
]  # end
seed = 1
"""


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (["torch", "a", "b", "numpy"], BEFORE),
        (["jax", "a", "b", "numpy"], BEFORE.replace('"torch"', '"jax"')),
        (["a", "b", "numpy"], BEFORE.replace('    "torch",      # slow\n', "")),
        (["torch", "b", "numpy"], BEFORE.replace('"a",', "")),
        (
            ["torch", "a", "b", "numpy", "x", "y"],
            BEFORE.replace('"numpy"  # last', '"numpy",  # last\n    "x",\n    "y"'),
        ),
        (["x", "torch", "a", "b", "numpy"], BEFORE.replace('"torch"', '"x",\n    "torch"')),
        (["torch", "a", "x", "b", "numpy"], BEFORE.replace('"b"', '"x",\n    "b"')),
    ],
)
def test_what_is_not_changed_keeps_its_comments(new: list[str], text: str) -> None:
    assert set_value(BEFORE, ("study", "warm"), new) == text


def test_the_last_of_a_list_with_a_comma_behind_it() -> None:
    before = '[study]\nwarm = [\n  "a",  # one\n  "b",  # two\n]\n'
    after = set_value(before, ("study", "warm"), ["a", "b", "c"])
    assert after == before.replace("# two\n", '# two\n  "c",\n')
    assert set_value(before, ("study", "warm"), ["a"]) == before.replace('  "b",  # two\n', "")


values = st.sampled_from(["a", "b", "c", "d, e", "#", "]", 1, 1.0, True])
breaks = st.sampled_from([", ", ",\n  ", ",  # note, [x]\n", "\n  , # odd\n  "])


@given(st.lists(values, max_size=6), st.lists(values, max_size=6), st.data())
def test_whatever_is_changed_is_changed_rightly(
    old: list[object], new: list[object], data: st.DataObject
) -> None:
    said = ["true" if v is True else repr(v).replace("'", '"') for v in old]
    inner = "".join(s + data.draw(breaks) for s in said[:-1]) + "".join(said[-1:])
    end = data.draw(st.sampled_from(["", "\n", ",\n", " # end\n"])) if old else "\n"
    text = f"[study]\nwarm = [{inner}{end}]  # behind\nseed = 1\n"
    changed = set_value(text, ("study", "warm"), new)
    assert tomllib.loads(changed)["study"] == {"warm": new, "seed": 1}
    assert changed.endswith("]  # behind\nseed = 1\n")
