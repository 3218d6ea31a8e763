"""The best trials as a table for a page of notes or a paper."""

from collections.abc import Callable
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.cli.written_tables import latex, markdown

MakeStudy = Callable[..., StudyFolder]


def test_the_best_trials_as_markdown(make_study: MakeStudy, hpo: Callable[..., Any]) -> None:
    make_study()
    lines = hpo("best", "--markdown").out.splitlines()
    assert lines[0].startswith(
        "| # | accuracy ≥0.9 | weights ≤1000 | latency ≤8 | lr | optimizer |"
    )
    assert lines[1] == "| ---: | ---: | ---: | ---: | ---: | --- | ---: |"
    numbers = [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]]
    assert numbers == [str(found["trial"]) for found in hpo_json(hpo)]
    assert len({line.count(" | ") for line in lines}) == 1
    assert len(hpo("best", "--markdown", "-n", 1).out.splitlines()) == 3


def hpo_json(hpo: Callable[..., Any]) -> list[dict[str, Any]]:
    import json

    found: list[dict[str, Any]] = json.loads(hpo("best", "--json").out)
    return found


def test_the_same_as_latex(make_study: MakeStudy, hpo: Callable[..., Any]) -> None:
    make_study()
    text = hpo("best", "--latex", "-n", 2).out
    assert r"\begin{tabular}{rrrrrlr}" in text
    assert r"\# & accuracy $\geq$0.9 & weights $\leq$1000 & " in text
    assert text.count(r" \\") == 2


@pytest.mark.parametrize("way", ["--markdown", "--latex"])
def test_where_no_trial_is_best_the_nearest_can_be_asked_for(
    make_study: MakeStudy, hpo: Callable[..., Any], way: str
) -> None:
    from tests.cli.conftest import TEXT

    make_study(text=TEXT.replace("max = 8", "max = 1"))
    ran = hpo("best", way)
    assert (ran.code, ran.out) == (1, "")
    assert "--near" in ran.err
    assert "5 !" in hpo("best", way, "--near").out
    assert hpo("best", way, "--json").code == 2
    assert hpo("best", "--markdown", "--latex").code == 2


def test_what_would_act_in_a_table_does_not() -> None:
    assert markdown(["a|b"], [["c\\"]])[0] == r"| a\|b |"
    assert markdown(["a"], [["c\\"]])[2] == "| c\\\\ |"
    assert markdown(["a"], [["a*b*c <s> `x`"]])[2] == r"| a\*b\*c \<s> \`x\` |"
    assert markdown(["__a_b_"], [["~x~ $y$"]])[::2] == [r"| \_\_a_b\_ |", r"| \~x\~ \$y\$ |"]
    assert markdown(["[a](b)"], [["&lt;"]])[::2] == [r"| \[a](b) |", r"| \&lt; |"]
    head, _, row = latex(["a_b"], [["50% & {x}"]])[3:6]
    assert head == r"a\_b \\"
    assert row == r"50\% \& \{x\} \\"
    signs = latex(["s"], [["#$~^"], ["<|>"], ["≤≥"], ["↑↓"], ["1.5±0.2"], ["a\\b"]])[5:-2]
    assert signs == [
        r"\#\$\textasciitilde{}\textasciicircum{} \\",
        r"\textless{}\textbar{}\textgreater{} \\",
        r"$\leq$$\geq$ \\",
        r"$\uparrow$$\downarrow$ \\",
        r"1.5$\pm$0.2 \\",
        r"a\textbackslash{}b \\",
    ]
