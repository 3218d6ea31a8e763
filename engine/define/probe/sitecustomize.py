"""Runs at the start of the user's Python: writes its options down and ends it before training.

Python imports ``sitecustomize`` before the script. This one replaces the functions with which
argparse and click start to read the command line; the first call writes the parser's options as
JSON to ``$HPO_PROBE_OUT`` and ends the process. Standard library only, and syntax of Python 3.7:
it runs under whatever interpreter the script has. Nothing is written anywhere else.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

_OUT = os.environ.get("HPO_PROBE_OUT")
_LATER = 0.7
"""Seconds after ``parse_known_args`` in which a second, fuller parser may still turn up."""
_found: list[Any] = []


def _plain(value: object) -> Any:
    """Return a value that JSON can hold."""
    if "enum" in sys.modules and isinstance(value, sys.modules["enum"].Enum):
        value = value.value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "__fspath__"):
        return str(os.fspath(value))
    return {"not_plain": repr(value)[:200]}


def _type_name(kind: Any) -> Any:
    return getattr(kind, "__name__", None) or type(kind).__name__ if kind is not None else None


def _argparse_option(parser: Any, action: Any) -> dict[str, Any]:
    default = parser.get_default(action.dest)
    choices = action.choices
    if choices is None and "enum" in sys.modules and isinstance(action.type, type):
        choices = action.type if issubclass(action.type, sys.modules["enum"].Enum) else None
    return {
        "flags": list(action.option_strings),
        "dest": action.dest,
        "default": None if default == "==SUPPRESS==" else _plain(default),
        "type": _type_name(action.type),
        "choices": [_plain(c) for c in choices] if choices is not None else None,
        "nargs": action.nargs,
        "const": _plain(action.const),
        "required": bool(action.required),
        "help": str(action.help) if action.help not in (None, "==SUPPRESS==") else "",
        "metavar": str(action.metavar or ""),
        "action": type(action).__name__,
    }


def _argparse_options(parser: Any, words: list[str]) -> tuple[list[Any], list[str]]:
    """Return the options of a parser, and of the sub-command that ``words`` name."""
    options: list[Any] = []
    commands: list[str] = []
    for action in parser._actions:
        if type(action).__name__ == "_SubParsersAction":
            commands = list(action.choices)
            for word in words:
                if word in action.choices:
                    below, further = _argparse_options(action.choices[word], words)
                    options, commands = options + below, further
                    break
        elif type(action).__name__ not in ("_HelpAction", "_VersionAction"):
            options.append(_argparse_option(parser, action))
    return options, commands


def _click_nargs(parameter: Any) -> Any:
    if getattr(parameter, "multiple", False):
        return "*"
    return None if parameter.nargs == 1 else parameter.nargs


def _click_option(parameter: Any) -> dict[str, Any]:
    # Typer, since it comes with a click of its own, keeps what a type says in other places.
    kind = getattr(parameter, "type", None) or getattr(parameter, "type_descriptor", None)
    default = _plain(parameter.default)
    choices = getattr(kind, "choices", None)
    return {
        "flags": list(parameter.opts) if parameter.param_type_name == "option" else [],
        "off": list(parameter.secondary_opts),
        "dest": parameter.name,
        "default": None if isinstance(default, dict) else default,
        "type": getattr(kind, "name", None) or _type_name(getattr(kind, "annotation", None)),
        "choices": None if choices is None else [_plain(c) for c in choices],
        "low": _plain(getattr(kind, "min", getattr(parameter, "min", None))),
        "high": _plain(getattr(kind, "max", getattr(parameter, "max", None))),
        "nargs": _click_nargs(parameter),
        "required": bool(parameter.required),
        "help": str(getattr(parameter, "help", None) or ""),
        "action": "flag" if getattr(parameter, "is_flag", False) else "option",
    }


def _click_options(command: Any, words: list[str]) -> tuple[list[Any], list[str]]:
    names = ("help", "install_completion", "show_completion")
    options = [_click_option(p) for p in command.params if p.name not in names]
    commands = list(getattr(command, "commands", None) or [])
    for word in words:
        if word in commands:
            below, commands = _click_options(command.commands[word], words)
            return options + below, commands
    return options, commands


def _write(library: str, options: list[Any], commands: list[str]) -> None:
    _found.append({"library": library, "options": options, "commands": commands})
    with open(str(_OUT), "w") as file:  # noqa: PTH123 - no imports that a script may shadow
        json.dump(_found, file)


def _end() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _ours(args: Any) -> bool:
    """Whether a parser reads the command line, and not a list of its own."""
    return args is None or all(a in sys.argv[1:] for a in args)


def _patch_argparse() -> None:
    import argparse

    parse_args = argparse.ArgumentParser.parse_args
    parse_known = argparse.ArgumentParser.parse_known_args

    def parse(self: Any, args: Any = None, namespace: Any = None) -> Any:
        if _ours(args):
            _write("argparse", *_argparse_options(self, sys.argv[1:]))
            _end()
        return parse_args(self, args, namespace)

    def known(self: Any, args: Any = None, namespace: Any = None) -> Any:
        if _ours(args):
            _write("argparse", *_argparse_options(self, sys.argv[1:]))
            timer = threading.Timer(_LATER, _end)
            timer.daemon = True
            timer.start()
        return parse_known(self, args, namespace)

    argparse.ArgumentParser.parse_args = parse  # type: ignore[method-assign]
    argparse.ArgumentParser.parse_intermixed_args = parse  # type: ignore[method-assign]
    argparse.ArgumentParser.parse_known_args = known  # type: ignore[method-assign]


def _patch_click(module: Any) -> None:
    base = getattr(module, "BaseCommand", None) or module.Command
    for owner in {base, module.Command}:
        if "make_context" in vars(owner):

            def make(self: Any, _name: Any, args: Any, *_more: Any, **_extra: Any) -> Any:
                _write("click", *_click_options(self, list(args)))
                _end()

            owner.make_context = make


class _Finder:
    """Patches click the moment that the script imports it."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
        """Hand on the real spec with a loader that patches afterwards."""
        if name not in ("click.core", "typer._click.core"):
            return None
        import importlib.util

        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            _patch_click(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _others_sitecustomize() -> None:
    """Run the sitecustomize that this one stands in front of, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as light as can be
    for folder in sys.path:
        path = os.path.join(folder, "sitecustomize.py")  # noqa: PTH118
        if folder and os.path.abspath(folder) != here and os.path.isfile(path):  # noqa: PTH100, PTH113
            with open(path) as file:  # noqa: PTH123
                exec(compile(file.read(), path, "exec"), {"__name__": "sitecustomize"})
            return


if _OUT:
    _patch_argparse()
    sys.meta_path.insert(0, _Finder())
    _others_sitecustomize()
