"""Which library a script reads its command line by, as far as its source tells."""

import re

_ASKED = ("click", "typer", "jsonargparse", "simple_parsing", "tap", "rich_click")
"""Packages whose parser the probe can have tell its options; argparse's by the calls below."""
_ASKED_CALLS = (
    r"parse_(?:known_|intermixed_)?args(?:_into_dataclasses)?\(",
    r"ArgumentParser\(",
    r"LightningCLI\(",
    r"\bcli_parse_args\s*=\s*True",  # pydantic
    r"\bCliApp\b",
)
_OTHERS = (
    "absl", "fire", "tyro", "docopt", "optparse", "getopt", "plac", "cyclopts", "clize",
)  # fmt: skip
"""Packages that read a command line too, and that the probe does not know."""
_OTHERS_CALLS = (r"sys\.argv",)


def _used(packages: tuple[str, ...], calls: tuple[str, ...]) -> re.Pattern[str]:
    imported = rf"^\s*(?:import|from)\s+(?:{'|'.join(packages)})\b"
    return re.compile("|".join((*calls, imported)), re.MULTILINE)


_KNOWN, _UNKNOWN = _used(_ASKED, _ASKED_CALLS), _used(_OTHERS, _OTHERS_CALLS)


def has_known_parser(text: str) -> bool:
    """Whether a source has a parser that the probe can ask."""
    return _KNOWN.search(text) is not None


def has_other_parser(text: str) -> bool:
    """Whether a source reads its command line by something that the probe does not know."""
    return _UNKNOWN.search(text) is not None
