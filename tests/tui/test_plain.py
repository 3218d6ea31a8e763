import string

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hpo_tui.tui.words.plain import fit, hung, log_line, plain, wrapped

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07after",
    "\x1bP payload \x1b\\x",
    "[red]markup[/red]",
    "a\u202eb\u202c",
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "漢字" * 300,
    "שלום",
    "\ud800 lone",
    "\x9b31m one byte",
    "tab\tand\nline\rback",
]


def test_nothing_acts() -> None:
    assert plain(HOSTILE[0]) == "red"
    assert plain(HOSTILE[1]) == "after"
    assert plain(HOSTILE[3]) == "[red]markup[/red]"
    for text in HOSTILE:
        assert all(c.isprintable() for c in plain(text))
        assert "\u202e" not in plain(text)


def test_a_progress_bar_shows_its_last_state() -> None:
    assert log_line(b" 1%\r 50%\r100% done\r\n") == "100% done"
    assert log_line(b"\xff\xfe") == "��"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 40))
def test_fitted_text_has_the_width_asked_for(text: str, width: int) -> None:
    for align in ("left", "right"):
        assert cell_len(fit(plain(text), width, align)) == width


@given(st.text(string.printable, max_size=200))
def test_plain_is_idempotent(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_of_7_bit_characters_it_takes_as_many_cells() -> None:
    assert plain("漢b→\x1b[31mc", ascii_only=True) == "??b>c"
    for text in HOSTILE:
        shown = plain(text, ascii_only=True)
        assert shown.isascii()
        assert len(shown) == cell_len(plain(text))


def test_what_hangs_below_a_text_is_told_by_its_indent() -> None:
    text = "what next\n  run it\n  again\n    → hpo-tui best\n\nmore" + "\n" + " " * 30 + "deep"
    assert hung(text) == [
        (0, "", "what next"),
        (2, "", "run it\nagain"),
        (4, "→ ", "hpo-tui best"),
        (0, "", "\nmore\n" + " " * 30 + "deep"),
    ]


def test_what_is_cut_already_is_marked_once() -> None:
    assert fit("loss… 12", 6) == "loss… "
    assert fit("loss… 12", 7) == "loss… …"


@given(st.text(alphabet="ab 音声認é-"), st.integers(10, 30))
def test_wrapped_lines_have_no_more_cells_than_asked_for_and_lose_nothing(
    text: str, width: int
) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines), lines
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
