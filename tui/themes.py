"""Two calm themes of our own; Textual's stand beside them."""

from textual.theme import Theme

DARK = Theme(
    name="hpo-dark",
    primary="#5f87af",
    secondary="#87afaf",
    accent="#d7af5f",
    warning="#d7875f",
    error="#d75f5f",
    success="#87af5f",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)
LIGHT = Theme(
    name="hpo-light",
    primary="#005f87",
    secondary="#5f8787",
    accent="#875f00",
    warning="#af5f00",
    error="#af0000",
    success="#5f8700",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    dark=False,
)
