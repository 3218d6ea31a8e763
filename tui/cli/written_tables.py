"""Tables as a page of notes or a paper wants them: Markdown and LaTeX. Pure."""

import re
from collections.abc import Sequence

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "≤": r"$\leq$", "≥": r"$\geq$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "±": r"$\pm$",
}  # fmt: skip

_ACTS = re.compile(r"[\\|*<`~&$\[]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown takes for more than a character: within a word too, but for the underscore."""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as GitHub, GitLab and pandoc read it; columns of numbers are set right."""
    rule = ["---:" if _is_numbers(rows, i) else "---" for i in range(len(head))]
    first, *others = ([_cell(text) for text in row] for row in (head, *rows))
    return [f"| {' | '.join(line)} |" for line in (first, rule, *others)]


def latex(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a ``tabular`` with the rules of the package booktabs; columns as in Markdown."""
    columns = "".join("r" if _is_numbers(rows, i) else "l" for i in range(len(head)))
    first, *others = (" & ".join(map(_escaped, row)) + r" \\" for row in (head, *rows))
    begin = [r"% \usepackage{booktabs}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    return [*begin, first, r"\midrule", *others, r"\bottomrule", r"\end{tabular}"]


def _is_numbers(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column has numbers alone, a dash where one is missing.

    Behind one may be how much it varies, and a mark.
    """
    cells = [row[column].removesuffix("!").partition("±")[0].strip() for row in rows]
    return all(cell == "-" or _is_number(cell) for cell in cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(text: str) -> str:
    return _ACTS.sub(r"\\\g<0>", text)


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)
