"""The parallel coordinates as a picture: layout, layers, bright lines, labels. No widget."""

from dataclasses import replace

import numpy as np

from hpo_tui.engine.arrays import Mask
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import StudyState
from hpo_tui.tui.charts import axes, compose, layout, raster
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.classes import Classified, Shown, classify
from hpo_tui.tui.charts.highlight import Best, bright, find_best
from hpo_tui.tui.charts.labels import draw_axes
from hpo_tui.tui.charts.layers import HIDDEN, Layers
from hpo_tui.tui.charts.legend import draw_footer, draw_header
from hpo_tui.tui.charts.options import Options
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.picture import Picture
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import Snapshot, View, unchanged


class Scene:
    """Draws pictures of one study, keeping the count layers between them."""

    def __init__(self, glyphs: Glyphs) -> None:
        self.glyphs = glyphs
        self._layers: Layers | None = None
        self._key: tuple[object, ...] = ()
        self._best: Best | None = None
        self._classified: Classified | None = None
        self._classified_by: tuple[object, ...] = ()
        self._cells: compose.Cells | None = None
        self._cells_of: tuple[object, ...] = ()
        self._best_of: tuple[Frame, StudySpec] | None = None

    def draw(
        self, snapshot: Snapshot, view: View, options: Options, size: tuple[int, int]
    ) -> Picture:
        """Return the picture at a size (width, height) in cells."""
        frame, spec = snapshot.frame, snapshot.spec
        width, height = size
        canvas = Canvas(width, height)
        # A brush is read in the footer, where there is no room for one at other times either.
        header, footer = height >= 8, height >= (9 if view.brushes else 12)
        top = 2 if header else 1
        room = max(height - top - footer, 1)
        mask = view.mask_over(len(frame))
        classified = self._classify(snapshot, view, mask, options)
        first, shown = layout.window(options, width)
        layers, cells = self._layered(
            snapshot, view, replace(options, names=shown), classified, (width, room)
        )
        best = self._find_best(frame, spec)
        rows = bright(best, frame, spec, mask, options.best)
        picture = Picture(
            canvas=canvas,
            frame=frame,
            spec=spec,
            view=view,
            options=options,
            glyphs=self.glyphs,
            plan=layers.plan,
            cells=cells,
            top=top,
            first=first,
            classified=classified,
            best=best,
            bright=rows,
            missing=layers.missing(),
        )
        self._paint_layers(picture, layers)
        self._paint_lines(picture, layers)
        draw_axes(picture)
        if header:
            draw_header(picture)
        if footer:
            draw_footer(picture)
        return picture

    def _classify(
        self, snapshot: Snapshot, view: View, mask: Mask | None, options: Options
    ) -> Classified:
        """Return the classes, those of the last picture when nothing that they go by is new."""
        hidden = options.zoom and bool(view.brushes)
        key = (
            snapshot.frame, snapshot.spec, mask, options.colouring, options.shown,
            options.objective, hidden,
        )  # fmt: skip
        if self._classified is None or not unchanged(self._classified_by, key):
            found = classify(
                snapshot.frame,
                snapshot.spec,
                mask,
                colouring=options.colouring,
                shown=options.shown,
                objective=options.objective,
            )
            if hidden:
                found.codes[found.codes == 0] = HIDDEN
            self._classified, self._classified_by = found, key
        return self._classified

    def _find_best(self, frame: Frame, spec: StudySpec) -> Best:
        of = self._best_of
        if self._best is None or of is None or of[0] is not frame or of[1] is not spec:
            self._best, self._best_of = find_best(frame, spec), (frame, spec)
        return self._best

    def _layered(
        self,
        snapshot: Snapshot,
        view: View,
        options: Options,
        classified: Classified,
        size: tuple[int, int],
    ) -> tuple[Layers, tuple[int, ...]]:
        """Return the count layers, those of the last picture if they hold, and the axes' cells."""
        frame, spec = snapshot.frame, snapshot.spec
        width, room = size
        zoomed = tuple(sorted(view.brushes.items())) if options.zoom else ()
        runs = snapshot.runner_pid is not None and snapshot.study.state is StudyState.RUNNING
        key = (
            id(spec), options.names, options.flipped, options.colouring, options.objective,
            options.shown, zoomed, width, room, self.glyphs.ascii, runs,
        )  # fmt: skip
        layers = self._layers
        cells = layout.cells(len(options.names), width)
        kept = layers is not None and key == self._key and layers.update(frame, classified.codes)
        if layers is not None and kept and (runs or not layers.has_idle_rail):
            return layers, cells
        made = tuple(
            axes.make(n, frame, spec, flipped=n in options.flipped, ascii_only=self.glyphs.ascii)
            for n in options.names
        )
        if options.zoom:
            made = tuple(layout.zoomed(a, view.brushes.get(a.name)) for a in made)
        plan = layout.plan(made, frame, cells, size, runs=runs)
        self._layers = Layers(plan, frame, classified.codes, [c.dotted for c in classified.classes])
        self._key = key
        return self._layers, cells

    def _paint_layers(self, picture: Picture, layers: Layers) -> None:
        """Paint the dots of all lines but the bright ones."""
        classes = picture.classified.classes
        on_top = True if picture.options.shown is Shown.ON_TOP else None
        key = (layers, layers.version, on_top)
        if self._cells is None or key != self._cells_of:
            self._cells = compose.compose(
                layers.counts, layers.totals, [int(c.ink) for c in classes],
                [c.dotted and not layers.solid for c in classes], on_top,
            )  # fmt: skip
            self._cells_of = key
        cells = self._cells
        height = cells.bits.shape[0]
        area = slice(picture.top, picture.top + height)
        codes = picture.canvas.codes[area]
        filled = cells.inks > 0
        if self.glyphs.ascii:
            table = np.full(len(Ink), 32, dtype=np.uint32)
            for line_class in classes:
                for level, char in enumerate(line_class.ascii):
                    table[line_class.ink + level] = ord(char)
            codes[filled] = table[cells.inks[filled]]
        else:
            filled &= cells.bits > 0
            codes[filled] = 0x2800 + cells.bits[filled].astype(np.uint32)
        picture.canvas.styles[area][filled] = cells.inks[filled]

    def _paint_lines(self, picture: Picture, layers: Layers) -> None:
        # The best lies over those that follow it; the selected trial over all.
        for row in picture.bright[::-1]:
            self._paint_line(picture, layers, int(row), Ink.BEST)
        row = picture.view.row(picture.frame)
        if row is not None:
            self._paint_line(picture, layers, row, Ink.SELECTED)

    def _paint_line(self, picture: Picture, layers: Layers, row: int, ink: Ink) -> None:
        columns = np.array(layers.plan.columns, dtype=np.int32)
        points = layers.rows[row].astype(np.int32)
        canvas, top = picture.canvas, picture.top
        if self.glyphs.ascii:
            xs, ys, strokes = raster.slope_glyphs(columns, points)
            drawn = "@" if ink is Ink.SELECTED else None
            for x, y, stroke in zip(xs.tolist(), ys.tolist(), strokes, strict=True):
                canvas.codes[top + y, x] = ord(drawn or stroke)
                canvas.styles[top + y, x] = ink
            return
        xs, ys = raster.polyline(columns, points)
        bits = np.zeros((layers.plan.height // 4, layers.plan.width // 2), dtype=np.uint32)
        np.bitwise_or.at(bits, (ys // 4, xs // 2), raster.dot_bits(ys % 4, xs % 2))
        touched = bits > 0
        area = slice(top, top + bits.shape[0])
        # Dots of the same ink are joined, so that bright lines cross without gaps.
        codes, styles = canvas.codes[area], canvas.styles[area]
        same = touched & (styles == ink)
        bits[same] |= codes[same] & 0xFF
        codes[touched] = 0x2800 + bits[touched]
        styles[touched] = ink
