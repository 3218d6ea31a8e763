"""Which parameters matter, for every metric with a goal."""

from dataclasses import dataclass
from typing import ClassVar

from textual.message import Message

from hpo_tui.engine.analysis.basis import Basis, basis
from hpo_tui.engine.analysis.edges import Edge, edges
from hpo_tui.engine.analysis.importance import importance, too_few
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.report import Report
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.plain import plain

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("importance.task", "v", "task", "Use the results of the next task"),
    ("importance.metric", "m", "metrics", "Show the next metrics, if not all of them fit"),
    ("importance.down", "down,j", "down", "Scroll down"),
    ("importance.up", "up,k", "up", "Scroll up"),
)

Shares = dict[str, dict[str, float]]
"""Metric → parameter → its share."""

NARROWEST = 16
"""Columns that a metric's bars take at the least."""


def _explained(shares: Shares) -> bool:
    """Whether the parameters explain anything of any metric."""
    return any(any(of.values()) for of in shares.values())


class Importance(Report):
    """A row a parameter, a bar a metric: how much of its changes the parameter explains."""

    HELP: ClassVar[str] = """\
## Importance

How much of the variation of a metric each parameter explains over its whole range, apart from the
other parameters (functional ANOVA of an additive model of the ranked results, Hutter et al. 2014).
The shares of a metric sum to 100 %, or are all 0 % if the parameters explain no more of it than
they would explain of pure noise: then more results are needed. Shares are of what is explained, and
rough with few results: of 20, a parameter without any effect can have a fifth.

**Failed trials** have no result and are left out. Repeats count once. If parameters changed
together in all trials, nothing can tell which of them acts. Lines below say so. Only results of one
task are used, because results of different tasks cannot be compared: those of the full task once
there are 20, before that those of the most expensive task that has 20. If the parameters explain
nothing of them yet, it is the next cheaper task of which they explain something. A line below says
which; `v` uses the next task. `m` shows the next metrics if not all of them fit. A conditional
parameter is judged among the trials that have it, and counts by their share. Importance does not
say where the best value lies: see the parallel coordinates or the slices for that. But if all of
the best full-task trials lie at one end of a range, and results there are better than elsewhere by
more than chance and because of this parameter, a line says so: perhaps the range should be wider.
"""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._asked_task: int | None = None
        """Place among the tasks, the dearest first; None until somebody asks."""
        self._metric = 0
        """The metric that stands first."""
        self._hidden = 0
        """How many metrics have no room."""
        self._known: dict[str, Importance.Found] = {}
        """What was worked out last, by task."""
        self._asked: tuple[Frame, StudySpec, str] | None = None
        """What is being worked out now."""

    @dataclass
    class Found(Message):
        """The thread knows what matters at a task; else ``fault`` says why not."""

        frame: Frame
        spec: StudySpec
        task: str
        shares: Shares | None
        of: Basis | None
        fault: str
        ends: tuple[Edge, ...] = ()

    def idle(self, action: str) -> bool:
        """Whether there is no other task, every metric has room, or nothing to scroll to."""
        tasks = self.snapshot.spec.tasks if self.snapshot is not None else ()
        return (
            (action == "task" and len(tasks) < 2)
            or (action == "metric" and not self._hidden)
            or super().idle(action)
        )

    def action_task(self) -> None:
        """Look at another task's results."""
        if self.snapshot is not None:
            self._asked_task = (self._place(self.snapshot) + 1) % len(self.snapshot.spec.tasks)
            self.repaint()

    def action_metric(self) -> None:
        """Begin with the next metric."""
        self._metric += 1
        self.repaint()

    def _place(self, snapshot: Snapshot) -> int:
        """Return which task's results are looked at: that asked for, else the dearest that tells.

        Of the full task there are few in most studies, which is what cheap tasks are for. One that
        is not known yet is taken for one that tells; where none does, the dearest with enough.
        """
        spec = snapshot.spec
        if self._asked_task is not None:
            return self._asked_task % len(spec.tasks)
        enough = self._enough(snapshot)
        for place, name in enough:
            shares = self._shares(snapshot.frame, spec, name)
            if shares is None or _explained(shares):
                return place
        return enough[0][0] if enough else 0

    def _enough(self, snapshot: Snapshot) -> list[tuple[int, str]]:
        """Return the place and name of each task with enough results, the dearest first."""
        frame, spec = snapshot.frame, snapshot.spec
        return [
            (place, task.name)
            for place, task in enumerate(spec.tasks_by_cost[::-1])
            if any(not too_few(frame, spec, metric, task.name) for metric in spec.metric_names)
        ]

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the table of bars."""
        canvas = Canvas(width, height)
        frame, spec = snapshot.frame, snapshot.spec
        self._hidden = self._below = 0
        place = self._place(snapshot)
        task = spec.tasks_by_cost[::-1][place].name
        metrics = spec.metric_names
        shares = self._shares(frame, spec, task)
        if shares is None:
            known = self._known.get(task)
            said = known.fault if known is not None and known.frame is frame else ""
            text.note(canvas, plain(said, self.ascii_only) or "Computing the importance …")
            return canvas
        told = [m for m in metrics if shares[m]]
        if not told:
            reason = too_few(frame, spec, metrics[0], task) if metrics else "No metric has a goal."
            text.note(canvas, reason)
            return canvas
        total = {p.name: sum(shares[m].get(p.name, 0.0) for m in told) for p in spec.free}
        names = sorted(total, key=lambda name: -total[name])
        passed = [name for at, name in self._enough(snapshot) if at < place]
        if self._asked_task is not None:
            passed = []
        warnings = self._warnings(told, shares, task, width, passed)[: max((height - 5) // 3, 0)]
        notes = self._table(canvas, names, {m: shares[m] for m in told}, 1 + len(warnings))
        for y, (line, ink) in enumerate(warnings, start=height - 1 - len(warnings)):
            canvas.put(0, y, line, ink)
        spans = [(note + "   ", Ink.DIM) for note in [*notes, *self._counted(task)]]
        if task != spec.full_task.name:
            said = f"from {plain(task, self.ascii_only)}, not the full task"
            spans = [(said + "   ", Ink.BAD), *spans]
        text.write(canvas, 0, height - 1, spans, self.glyphs.ellipsis)
        return canvas

    def _warnings(
        self, known: list[str], shares: Shares, task: str, width: int, passed: list[str]
    ) -> list[tuple[str, int]]:
        """Return, in lines, what would mislead who does not know of it, and ranges to widen.

        ``passed``: the dearer tasks with enough results that explain nothing.
        """
        said = []
        if passed:
            dear = " and ".join(passed)
            said.append(f"of {dear} nothing is explained yet: this is {task} (v: next task)")
        nothing = [m for m in known if not any(shares[m].values())]
        if nothing:
            said.append(f"{', '.join(nothing)}: explained no better than by chance")
        of = self._known[task].of
        for a, b in () if of is None else of.together:
            said.append(f"{a} and {b} changed together: which of them acts is open")
        hints = [(edge.advice, Ink.BOLD) for edge in self._known[task].ends]
        return [
            (line, ink)
            for words, ink in [*((words, Ink.BAD) for words in said), *hints]
            for line in text.wrapped(plain(words, self.ascii_only), width)
        ]

    def _counted(self, task: str) -> list[str]:
        """Return how many results it is from, and how many trials had none."""
        of = self._known[task].of
        if of is None:
            return []
        failed = f", {of.failed} failed left out" if of.failed else ""
        return [f"from {present.plural(of.results, 'result')}{failed}"]

    def _shares(self, frame: Frame, spec: StudySpec, task: str) -> Shares | None:
        """Return them as they were known last, and have them found where they may be others.

        In a wide space that takes a second: it is done in a thread.
        """
        known = self._known.get(task)
        if known is None or known.frame is not frame or known.spec is not spec:
            if self._asked is None:
                self._asked = (frame, spec, task)
                self.run_worker(self._find, thread=True, group="importance", exit_on_error=False)
            if known is not None and known.spec.metric_names != spec.metric_names:
                known = None
        return None if known is None else known.shares

    def _find(self) -> None:
        # Not given the trials: what a worker is given stays for minutes after it has ended.
        if self._asked is None:
            return
        asked, fault = self._asked, ""
        frame, spec, task = asked
        shares: Shares | None = None
        of: Basis | None = None
        ends: tuple[Edge, ...] = ()
        try:
            of, ends = basis(frame, spec, task), edges(frame, spec)
            shares = {m: importance(frame, spec, m, task) for m in spec.metric_names}
        except Exception as error:  # noqa: BLE001 - a picture that fails must not take the app along
            fault = f"This could not be computed: {report_crash(error)}."
        self.post_message(self.Found(*asked, shares, of, fault, ends))

    def on_importance_found(self, message: Found) -> None:
        """Show it; what has come since is asked for by the picture."""
        message.stop()
        self._asked = None
        self._known[message.task] = message
        self.repaint()

    def _table(self, canvas: Canvas, names: list[str], shares: Shares, foot: int) -> list[str]:
        """Draw what has room above the ``foot`` lines; return what to say there of the rest."""
        width = canvas.width
        gutter = min(max(map(fmt.width_of, names)) + 2, max(width // 3, 8))
        fitting = max((width - gutter) // NARROWEST, 1)
        every = list(shares)
        at = self._metric % len(every) if fitting < len(every) else 0
        metrics = [*every[at:], *every[:at]][:fitting]
        room = (width - gutter) // len(metrics)
        for at, metric in enumerate(metrics):
            head = self._cut(metric, room - 1, every)
            canvas.put(gutter + at * room, 0, head, Ink.BOLD)
        rows = max(canvas.height - 1 - foot, 1)
        self._first = min(self._first, max(len(names) - rows, 0))
        largest = max(max(s.values()) for s in shares.values()) or 1.0
        percents = {metric: fmt.shares(of) for metric, of in shares.items()}
        for row, name in enumerate(names[self._first : self._first + rows], start=1):
            canvas.put(0, row, self._cut(name, gutter - 1, names), Ink.TEXT)
            for at, metric in enumerate(metrics):
                place = (gutter + at * room, row)
                end = self._bar(canvas, place, room, shares[metric].get(name, 0.0), largest)
                canvas.put(end, row, percents[metric].get(name, "0%"), Ink.TEXT)
        self._below = below = len(names) - self._first - rows
        notes = [f"{present.plural(below, 'more parameter')} (j)"] if below > 0 else []
        self._hidden = hidden = len(every) - len(metrics)
        return [*notes, f"{present.plural(hidden, 'more metric')} (m)"] if hidden else notes

    def _cut(self, name: str, room: int, names: list[str]) -> str:
        glyphs = self.glyphs
        cleaned = [plain(n, glyphs.ascii) for n in names]
        return fmt.clip_among(plain(name, glyphs.ascii), room, cleaned, glyphs.ellipsis)

    def _bar(
        self, canvas: Canvas, place: tuple[int, int], room: int, share: float, largest: float
    ) -> int:
        """Draw a bar; return the column for its number."""
        longest = max(room - 7, 1)
        length = share / largest * longest
        bar = self.glyphs.bar * int(length)
        if not self.ascii_only:
            # Eighths of a cell, so that small shares are seen and compared.
            bar += " ▏▎▍▌▋▊▉"[int(length % 1 * 8)].strip()
        ink = Ink.FULL_3 if share >= 0.5 * largest else Ink.FULL_2 if share > 0.05 else Ink.AXIS
        canvas.put(place[0], place[1], bar, ink)
        return place[0] + len(bar) + (1 if bar else 0)
