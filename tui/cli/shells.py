"""What click's scripts for shells lack: words with ``=`` in bash, and keys without a space behind.

A type of its own, ``key``, marks what is to be typed on: ``slots=``.
"""

import os
from typing import Any, ClassVar

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from hpo_tui.tui.cli.setting_words import KEY

_BASH_PLAIN = """\
        elif [[ $type == 'plain' ]]; then
"""
_BASH_KEY = f"""\
        elif [[ $type == '{KEY}' ]]; then
            COMPREPLY+=($value)
            compopt -o nospace 2>/dev/null
"""
_ZSH_PLAIN = """\
        if [[ "$type" == "plain" ]]; then
"""
_ZSH_KEY = f"""\
        if [[ "$type" == "{KEY}" ]]; then
            compadd -U -S '' -V unsorted -- "$key"
        elif [[ "$type" == "plain" ]]; then
"""


class Bash(BashComplete):
    """Bash takes ``slots=4`` for three words, and puts what it is told in place of the last."""

    source_template: ClassVar[str] = BashComplete.source_template.replace(
        _BASH_PLAIN, _BASH_KEY + _BASH_PLAIN
    )
    _apart = False
    """Whether the word that is completed was taken apart."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one as it was typed."""
        at = int(os.environ["COMP_CWORD"])
        words = split_arg_string(os.environ["COMP_WORDS"])[: at + 1]
        words += [""] * (at + 1 - len(words))
        found: list[str] = []
        for n, word in enumerate(words):
            self._apart = n > 1 and "=" in (word, words[n - 1])
            if self._apart:
                found[-1] += word
            else:
                found.append(word)
        return found[1:-1], found[-1]

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """Return what takes the place of the last part of the word."""
        value = str(item.value)
        if self._apart and item.type != KEY:
            value = value.rpartition("=")[2]
        return f"{item.type},{value}"


class Zsh(ZshComplete):
    """Keys stand there without a space behind them."""

    source_template: ClassVar[str] = ZshComplete.source_template.replace(_ZSH_PLAIN, _ZSH_KEY)


class Fish(FishComplete):
    """Fish puts no space behind a word that ends in ``=``; it knows no other types than click's."""

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """Return a key as any other word."""
        if item.type == KEY:
            item = CompletionItem(item.value, help=item.help)
        return super().format_completion(item)


def register() -> None:
    """Have click use these."""
    for kind in (Bash, Zsh, Fish):
        add_completion_class(kind)
