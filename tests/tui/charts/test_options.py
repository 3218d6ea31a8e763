"""Choices of the parallel coordinates."""

from hpo_tui.tui.charts.classes import Colouring
from hpo_tui.tui.charts.options import MOST_BRIGHT, Options

THREE = Options(("m:acc", "p:lr", "p:depth"), focus=1)


def test_the_focus_stays_on_its_axis() -> None:
    assert THREE.moved(1) == Options(("m:acc", "p:depth", "p:lr"), focus=2)
    assert THREE.renamed(("p:lr", "m:acc")).focus == 0
    assert THREE.renamed(("m:acc", "p:depth")).focus == 0, "it is there no more"
    assert THREE.moved(2) is THREE
    assert THREE.gone(5).focus == 2


def test_axes_that_are_gone_are_dropped() -> None:
    assert THREE.kept(("p:lr", "m:acc")) == Options(("m:acc", "p:lr"), focus=1)
    assert THREE.kept(THREE.names) is THREE
    assert THREE.kept(()).names == ("task",)


def test_colours_go_round() -> None:
    options, seen = THREE, []
    for _ in range(4):
        options = options.recoloured(2)
        seen.append((options.colouring, options.objective))
    assert seen[1:3] == [(Colouring.OBJECTIVE, 0), (Colouring.OBJECTIVE, 1)]
    assert options.colouring is Colouring.TASK
    assert THREE.recoloured(0).recoloured(0).colouring is Colouring.TASK


def test_the_bright_lines_have_a_limit() -> None:
    assert THREE.brighter(100).best == MOST_BRIGHT
    assert THREE.brighter(-100).best == 0
