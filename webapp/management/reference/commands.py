"""Every command with its options, read off its own parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from django.core.management import get_commands, load_command_class

from .markdown import code, page, table
from .said import Undescribed

LEAD = """Run as `python3 manage.py COMMAND`; `--help` says the same. Two more are there before anything is installed:
`python3 manage.py setup EXTRA…` installs ahead of time, `python3 manage.py test` runs the tests
(`CONTRIBUTING.md`). Django's own (`migrate`, `createsuperuser`, `collectstatic`, …) are
there as well."""
# What every command of Django has.
_USUAL = frozenset(
    [
        "help",
        "version",
        "verbosity",
        "settings",
        "pythonpath",
        "traceback",
        "no_color",
        "force_color",
        "skip_checks",
    ]
)


def written() -> str:
    names = sorted(name for name, app in get_commands().items() if app == "webapp")
    return page("Commands", LEAD, *(_section(name) for name in names))


def _section(name: str) -> str:
    parser = load_command_class("webapp", name).create_parser("manage.py", name)
    return "\n\n".join(_about(name, parser, 2))


def _about(name: str, parser: argparse.ArgumentParser, depth: int) -> Iterator[str]:
    if not parser.description:
        raise Undescribed(f"the command {name} has no help")
    yield f"{'#' * depth} {name}"
    yield parser.description
    positional = [action for action in parser._actions if not action.option_strings]
    named = " ".join(_named(action) for action in positional)
    yield f"```\npython3 manage.py {name} {named}\n```".replace(" \n", "\n")
    rows = [
        (_flags(action), _told(name, action))
        for action in parser._actions
        if action.dest not in _USUAL and not isinstance(action, argparse._SubParsersAction)
    ]
    if rows:
        yield table(("Option", "What it does"), rows)
    for action in positional:
        if isinstance(action, argparse._SubParsersAction):
            for word, under in action.choices.items():
                yield from _about(f"{name} {word}", under, depth + 1)


def _named(action: argparse.Action) -> str:
    shown = str(action.metavar or action.dest.upper())
    return f"{shown}…" if action.nargs in ("+", "*") else f"[{shown}]" if action.nargs == "?" else shown


def _flags(action: argparse.Action) -> str:
    if not action.option_strings:
        return code(action.dest)
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return ", ".join(code(flag + takes) for flag in action.option_strings)


def _told(name: str, action: argparse.Action) -> str:
    if not action.help:
        raise Undescribed(f"{name} {action.option_strings or action.dest} has no help")
    told = action.help.replace("%(default)s", str(action.default)).replace("%%", "%")
    told = told[0].upper() + told[1:]
    if action.choices and not isinstance(action, argparse._SubParsersAction):
        told += " One of " + ", ".join(code(choice) for choice in action.choices) + "."
    is_said = "default" in told or action.default in (None, False, [], "", argparse.SUPPRESS)
    return told if is_said or action.nargs == 0 else f"{told} (default: {code(action.default)})"
