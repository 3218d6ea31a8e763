"""What tests of the runner ask it for, and the tasks that they do it with."""

from typing import Any

from hpo_tui.engine.launch import send

TASKS = """
[[task]]
name = "cheap"
epochs = 3
cost = 0.25
[[task]]
name = "dear"
epochs = 9
cost = 1.0
"""
STDOUT = '[[metrics]]\nkind = "stdout"\n'


def answer(study: Any, action: str, **args: Any) -> Any:
    return send(study.folder, action, args, timeout=60)


def edit(study: Any, old: str, new: str) -> Any:
    text = study.study().text
    assert old in text
    return answer(study, "edit", text=text.replace(old, new))
