"""What the cheap tasks are worth: correlation, regret, cost, and advice in words."""

import math
from collections.abc import Sequence
from typing import ClassVar

from hpo_tui.engine.analysis.tasks import TaskAssessment, assess_tasks
from hpo_tui.engine.learning import Holds
from hpo_tui.engine.spec.names import plural
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.report import Report
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("tasks.down", "down,j", "down", "Scroll down"),
    ("tasks.up", "up,k", "up", "Scroll up"),
)

BAR = 21
SHORT_BAR = 9
"""Cells of the ruler from -1 to 1 on which an interval is drawn."""
_NARROW = "the pairs lie close together: over all trials it is probably higher"


class Tasks(Report):
    """For every cheap task: whether it ranks as the full task does, and what it costs."""

    HELP: ClassVar[str] = """\
## Tasks

Whether the cheap tasks are worth their cost. For every cheap task and metric it shows three things.
The **rank correlation** (Spearman) with the full task, over the configurations that were run at
both, with its 95 % interval drawn from -1 to 1. The **regret**: how much worse than the best of
these configurations is the one that this task alone would have chosen. The **cost**, as declared
and as measured from running times. Only promoted configurations have results at both tasks, and
those looked good already. If they lie close together among all results of the cheap task, a line
says so: the correlation over all configurations is then probably higher.

Below, if the study learns from earlier ones (`learn_from`): the rank correlation between what each
of them predicts for a metric and the results here, and the **weight** that the search gives to the
prediction: 1 means that it is used as it is, 0 that it is ignored, below 0 that it is reversed.
"""

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the report."""
        canvas = Canvas(width, height)
        self._below = 0
        assessments = assess_tasks(snapshot.frame, snapshot.spec)
        if not assessments and not snapshot.learned:
            text.note(
                canvas, "This study has only the full task: there is no cheaper one to judge."
            )
            return canvas
        lines = self._report(assessments, width)
        earlier = self._earlier(snapshot.learned, width)
        lines += [[], *earlier] if lines and earlier else earlier
        self._first = min(self._first, max(len(lines) - height, 0))
        self._below = len(lines) - self._first - height
        for y, spans in enumerate(lines[self._first : self._first + height]):
            text.write(canvas, 0, y, spans, self.glyphs.ellipsis)
        return canvas

    def _report(self, assessments: list[TaskAssessment], width: int) -> list[text.Spans]:
        lines: list[text.Spans] = []
        label = _label(assessments, width)
        task = ""
        judged = {i.task for i in assessments if not math.isnan(i.correlation)}
        for assessment in assessments:
            if assessment.task == task and task not in judged:
                continue  # nothing is known of any metric: said once
            if assessment.task != task:
                task = assessment.task
                lines += [[]] if lines else []
                lines += self._head(assessment, width)
            if task in judged:
                lines.append(self._row(assessment, label, width))
            lines += self._said(_advice(assessment), 4 if task in judged else 2, width)
            if assessment.narrow:
                lines += self._said(_NARROW, 4, width)
        return lines

    def _said(self, words: str, indent: int, width: int) -> list[text.Spans]:
        """Return a sentence, which has names in it, in lines that stand ``indent`` cells in."""
        lines = text.wrapped(plain(words, self.ascii_only), max(width - indent, 12))
        return [[(" " * indent, Ink.TEXT), (line, Ink.DIM)] for line in lines]

    def _earlier(self, learned: Sequence[Holds], width: int) -> list[text.Spans]:
        """Return what each earlier study's guesses are worth."""
        lines: list[text.Spans] = []
        label = _label(learned, width)
        study = told = ""
        for found in learned:
            if found.study != study:
                study, told = found.study, ""
                count = [(f"   learned from: {plural(found.results, 'result')}", Ink.TEXT)]
                name = plain(study, self.ascii_only)
                name = text.name_before(name, count, width, self.glyphs.ellipsis)
                lines += [[]] if lines else []
                lines.append([(name, Ink.BOLD), *count])
            if not math.isnan(found.correlation):
                lines.append(self._row(found, label, width))
            if found.advice != told:  # else it is the same for all metrics
                indent = 2 if math.isnan(found.correlation) else 4
                lines += self._said(found.advice, indent, width)
            told = found.advice
        return lines

    def _head(self, assessment: TaskAssessment, width: int) -> list[text.Spans]:
        """Return the task and its cost; what was measured goes below where there is no room."""
        spans = [(plain(assessment.task, self.ascii_only), Ink.BOLD)]
        spans.append((f"   cost {assessment.declared:.3g} declared", Ink.TEXT))
        said, ink = _measured(assessment)
        if sum(fmt.width_of(piece) for piece, _ in spans) + len(said) + 2 <= width:
            return [[*spans, (f", {said}", ink)]]
        below = text.wrapped(said, max(width - 2, 12))
        return [spans, *([(f"  {line}", ink)] for line in below)]

    def _row(self, assessment: TaskAssessment | Holds, label: int, width: int) -> text.Spans:
        name = fmt.pad(plain(assessment.metric, self.ascii_only), label, self.glyphs.ellipsis)
        spans: list[tuple[str, int]] = [(f"  {name}  ", Ink.TEXT)]
        if math.isnan(assessment.correlation):
            return [*spans, (f"{assessment.pairs} pairs", Ink.DIM)]
        spans += self._ruler(assessment, BAR if width >= label + 70 else SHORT_BAR)
        spans.append((f"  {assessment.correlation:+.2f}", Ink.BOLD))
        spans.append((f" ({assessment.low:.2f} to {assessment.high:.2f})", Ink.DIM))
        if width >= label + 46:
            spans.append((f"  {assessment.pairs} pairs", Ink.TEXT))
        return spans

    def _ruler(self, assessment: TaskAssessment | Holds, cells: int) -> text.Spans:
        """Return the interval and the estimate on a ruler from -1 to 1."""

        def at(value: float) -> int:
            return round((value + 1) / 2 * (cells - 1))

        dot, line, zero = ("o", "=", "|") if self.ascii_only else ("●", "━", "┊")
        low, high, point = at(assessment.low), at(assessment.high), at(assessment.correlation)
        spans: list[tuple[str, int]] = []
        for cell in range(cells):
            if cell == point:
                spans.append((dot, Ink.BEST))
            elif low <= cell <= high:
                spans.append((line, Ink.FULL_2))
            else:
                middle = cell == cells // 2
                spans.append((zero if middle else self.glyphs.left, Ink.AXIS))
        return spans


def _label(assessments: Sequence[TaskAssessment | Holds], width: int) -> int:
    longest = max((len(plain(i.metric)) for i in assessments), default=0)
    return min(longest, max(width // 4, 8))


def _measured(assessment: TaskAssessment) -> tuple[str, int]:
    """Return what the task's measured cost is beside the declared one, and its ink."""
    if math.isnan(assessment.measured):
        return "not measured yet", Ink.DIM
    said, off = f"{assessment.measured:.3g} measured", assessment.measured / assessment.declared
    if 0.67 < off < 1.5:
        return said, Ink.TEXT
    times = f"{off:.1f}" if off >= 1 else fmt.number(off, 2)  # a tenth of a tenth is not 0.0
    return f"{said} ({times} times what was declared)", Ink.BAD


def _advice(assessment: TaskAssessment) -> str:
    """Return the advice, with the regret where there is one to name."""
    if math.isnan(assessment.regret):
        return assessment.advice
    return f"{assessment.advice}; regret {fmt.number(assessment.regret, 3)}"
