"""What a setting does, in the words that stand beside it in the code."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .markdown import code, plain, sentences, table

# Settings of the same name that mean the same wherever they stand; what a class says itself comes first.
SHARED: Mapping[str, str] = {
    "bad": "The level that stands for a wrong step.",
    "good": "The level that stands for a right step.",
    "max_tokens": "The longest answer, in tokens; one that is cut off there is unknown.",
    "min_gold": "How many gold labels a rater must have before its accuracy is believed.",
    "min_votes": "With fewer votes than this on a step, people are asked.",
    "prompt": "The wording, by name and version (`annotate/prelabel/prompts`).",
    "rollout_criterion": "The criterion that rollouts label.",
    "seed": "Another seed draws other samples; the same seed the same ones.",
    "stop": "Texts at which an answer ends.",
    "stops_at_first_error": "Steps after the first error are not assessed.",
    "system": "The system message, for models that take one; empty for none.",
    "temperature": "How freely the model draws its words; 0 takes the likeliest.",
    "top_k": "Draw among the so many likeliest tokens only; 0 for all.",
    "top_p": "Draw among the likeliest tokens that together have this probability.",
    "with_machines": "Whether judges, rollouts and verifiers count beside people.",
}


class Undescribed(Exception):
    """Something in the code has no words; the text says what and where to write them."""


def settings_table(cls: type[Any], *modules: str) -> str:
    """Every setting of a class with what it takes, its default and what it does."""
    hints = get_type_hints(cls)
    rows = [
        (code(field.name), _takes(hints[field.name]), _default(field), _does(cls, field, modules))
        for field in dataclasses.fields(cls)
    ]
    return table(("Setting", "Takes", "Unless said", "What it does"), rows) if rows else "No settings."


def _does(cls: type[Any], field: dataclasses.Field[Any], modules: tuple[str, ...]) -> str:
    if field.metadata.get("help"):
        return str(field.metadata["help"])
    for text in _texts(cls, modules):
        found = [one for one in sentences(text) if f"``{field.name}``" in one]
        if found:
            return plain(" ".join(found))
    if field.name in SHARED:
        return SHARED[field.name]
    raise Undescribed(
        f"{cls.__name__}.{field.name} says nowhere what it does: name it in the docstring of {cls.__module__}"
    )


def _texts(cls: type[Any], modules: tuple[str, ...]) -> Iterator[str]:
    """Docstrings, the nearest first: the class and those it extends, then their modules."""
    for base in cls.__mro__[:-1]:
        yield inspect.cleandoc(base.__doc__ or "")
    for name in (*modules, *(base.__module__ for base in cls.__mro__[:-1])):
        yield inspect.cleandoc(sys.modules[name].__doc__ or "")


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "must be said"
    if isinstance(field.default, tuple):
        return ", ".join(code(part) for part in field.default) or "none"
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return code(field.default)


def _takes(hint: Any) -> str:
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    if choices:
        return ", ".join(code(one) for one in choices)
    if get_origin(hint) is tuple:
        return "texts"
    named = {int: "a whole number", float: "a number", bool: "yes or no", str: "a text"}
    wanted = [one for one in get_args(hint) if one is not type(None)] or [hint]
    return named.get(wanted[0], getattr(wanted[0], "__name__", str(wanted[0])))
