"""Keys as people write them; ``python -m hpo_tui.tui.keys`` prints all of them as Markdown."""

from hpo_tui.tui.actions import SCOPES, actions_of

_SPELLED = {
    "question_mark": "?", "colon": ":", "slash": "/", "plus": "+", "asterisk": "*",
    "equals_sign": "=",
    "ampersand": "&", "left_curly_bracket": "{", "right_curly_bracket": "}",
    "left_square_bracket": "[",
    "right_square_bracket": "]", "comma": ",", "full_stop": ".", "minus": "-", "underscore": "_",
    "less_than_sign": "<", "greater_than_sign": ">", "pagedown": "PgDn", "pageup": "PgUp",
    "escape": "Esc", "enter": "Enter", "space": "Space", "home": "Home", "end": "End", "tab": "Tab",
    "up": "Up", "down": "Down", "left": "Left", "right": "Right", "backspace": "Backspace",
    "number_sign": "#", "percent_sign": "%", "exclamation_mark": "!", "at": "@", "dollar_sign": "$",
    "circumflex_accent": "^", "tilde": "~", "vertical_line": "|", "backslash": "\\",
    "semicolon": ";",
    "apostrophe": "'", "quotation_mark": '"', "grave_accent": "`", "delete": "Del",
}  # fmt: skip


def spell_key(key: str) -> str:
    """Return a Textual key name as people write it: ``ctrl+p`` → ``^p``, ``slash`` → ``/``."""
    *modifiers, last = key.strip().split("+") if key.strip() != "+" else ["plus"]
    last = _SPELLED.get(last, last.upper() if last[:1] == "f" and last[1:].isdigit() else last)
    if modifiers == ["ctrl"]:
        return f"^{last}"
    return "+".join([*modifiers, last])


def spell_keys(keys: str) -> str:
    """Return a list of keys as people write them, joined by a blank."""
    if keys == ",":
        return ","
    return " ".join(spell_key(k) for k in keys.split(",") if k.strip())


def markdown() -> str:
    """Return the table of all keys, a heading a scope."""
    lines = []
    for scope, heading in SCOPES.items():
        found = actions_of(scope)
        if not found:
            continue
        lines += [f"**{heading}**", "", "| key | action | what it does | id |", "|---|---|---|---|"]
        for a in found:
            keys = " ".join(f"`{k}`" for k in spell_keys(a.keys).split()).replace("|", "\\|")
            lines.append(f"| {keys} | {a.label} | {a.tooltip} | `{a.id}` |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - this command's output
