"""The app as it looks: dark or light, as its user or the terminal has it, or in 7 bits alone."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.filter import LineFilter, NoColor
from textual.scrollbar import ScrollBar, ScrollBarRender

from hpo_tui.tui.background import said_light
from hpo_tui.tui.config import Settings
from hpo_tui.tui.messages import BackgroundKnown
from hpo_tui.tui.study_app import StudyApp
from hpo_tui.tui.themes import DARK, LIGHT
from hpo_tui.tui.widgets.seven_bit import SevenBit, WholeCells


class ThemedApp(StudyApp):
    """An app with a theme. ``ascii_only``: of 7-bit characters; ``colours``: whether it has any."""

    def __init__(
        self,
        home: Path | None,
        *,
        readonly: bool = False,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        ascii_only: bool = False,
        colours: bool = True,
    ) -> None:
        super().__init__(home, readonly=readonly, settings=settings, clock=clock)
        self.ascii_only = ascii_only
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        chosen = self.settings.theme or self.settings.dark is not None
        self.follows_background = colours and not chosen
        """Whether the theme is to be as dark as the terminal is: nobody has said otherwise."""
        self._light = bool(self.follows_background and said_light())
        self.theme = self._wanted_theme()
        self._themed = self.get_css_variables()
        """The colours that the styles are parsed with first, until Textual has asked for that."""
        self.stylesheet.set_variables(self._themed)
        self.set_class(ascii_only, "-ascii")
        self._last_filters: list[LineFilter] = [SevenBit()] if ascii_only else []
        # Where there are few colours, Textual's greys for NO_COLOR would all be black, on black.
        if not colours or (self.no_color and self.console.color_system == "standard"):
            self.no_color = True
            self._last_filters.append(NoColor())
        ScrollBar.renderer = WholeCells if ascii_only else ScrollBarRender

    def _wanted_theme(self) -> str:
        wanted = self.settings.theme
        if wanted in self.available_themes:
            return wanted
        dark = not self._light if self.settings.dark is None else self.settings.dark
        if self.console.color_system == "standard":
            return "ansi-dark" if dark else "ansi-light"
        return DARK.name if dark else LIGHT.name

    def on_background_known(self, message: BackgroundKnown) -> None:
        """Be light where the terminal is, unless another theme has been chosen meanwhile."""
        if self.follows_background and self.theme == self._wanted_theme():
            self._light = message.light
            self.theme = self._wanted_theme()

    def refresh_css(self, animate: bool = True) -> None:
        """Parse and apply all styles again; not at the start, when they have just been.

        Textual begins with a theme of its own, and makes good for it once everything is mounted.
        """
        first, self._themed = self._themed, {}
        if first != self.get_css_variables():
            super().refresh_css(animate)

    def theme_fault(self) -> str:
        """Return what is wrong with the theme that the settings name; empty where nothing is."""
        wanted = self.settings.theme
        if not wanted or wanted in self.available_themes:
            return ""
        there = ", ".join(sorted(self.available_themes))
        return f"settings.toml: there is no theme {wanted!r}; choose one of {there}"

    def do_app_shade(self) -> None:
        """Switch between light and dark."""
        pairs = {DARK.name: LIGHT.name, "ansi-dark": "ansi-light", "textual-dark": "textual-light"}
        back = {light: dark for dark, light in pairs.items()}
        light = LIGHT.name if self.current_theme.dark else DARK.name
        self.theme = {**pairs, **back}.get(self.theme, light)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Let 7-bit characters alone through where there may be no others."""
        return [*super().get_line_filters(), *self._last_filters]
