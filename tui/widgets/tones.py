"""Component styles without their background, for text on any ground."""

from functools import lru_cache

from rich.style import Style
from textual.widget import Widget


@lru_cache(maxsize=512)
def _ink(style: Style) -> Style:
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


def ink(widget: Widget, component: str) -> Style:
    """Return a component class's text style, its transparency blended, without its ground."""
    return _ink(widget.get_component_rich_style(component))
