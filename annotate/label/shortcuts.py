"""The keys of the labelling page that are not levels: what they do, and a person's own choice of them (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from annotate.errors import Rejected


@dataclass(frozen=True, slots=True)
class Shortcut:
    """``fixed`` keys do it as well, always; they are not single characters and clash with nothing."""

    name: str
    title: str
    key: str
    fixed: str = ""


SHORTCUTS = (
    Shortcut("next", "Next step", "j", "ArrowDown"),
    Shortcut("previous", "Previous step", "k", "ArrowUp"),
    Shortcut("missing", "Next step without an answer", "m"),
    Shortcut("first_error", "The first error is here: steps before it without an answer are good", "f"),
    Shortcut("correct", "Correct this step", "e"),
    Shortcut("critique", "Say in words what is wrong", "c"),
    Shortcut("note", "Note on this step", "n"),
    Shortcut("report", "Report that this step is cut wrongly", "b"),
    Shortcut("undo", "Undo the last answer", "u"),
    Shortcut("skip", "Skip this trace (asks why)", "s"),
    Shortcut("unfold", "Show all of a long step, or fold it again", "o"),
    Shortcut("find", "Search in the trace", "/"),
    Shortcut("sheet", "These keys", "?"),
)
_BY_NAME = {shortcut.name: shortcut for shortcut in SHORTCUTS}


def keys_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of every shortcut, by the shortcut's name; what is chosen for names that are gone is ignored."""
    return {shortcut.name: chosen.get(shortcut.name) or shortcut.key for shortcut in SHORTCUTS}


def check_keys(chosen: Mapping[str, str]) -> dict[str, str]:
    """What to store of a person's choice: only what departs from the usual. Raises Rejected with the field."""
    keys = keys_of({name: key.strip().lower() for name, key in chosen.items()})
    taken: dict[str, str] = {}
    for name, key in keys.items():
        if len(key) != 1 or not key.isprintable() or key.isspace():
            raise Rejected(gettext("A shortcut is one character."), field=name)
        if key.isdigit():
            raise Rejected(gettext("Digits are for the levels."), field=name)
        if key in taken:
            raise Rejected(
                gettext("%(key)s is taken: %(key_)s.")
                % {"key": key, "key_": gettext(_BY_NAME[taken[key]].title)},
                field=name,
            )
        taken[key] = name
    return {name: key for name, key in keys.items() if key != _BY_NAME[name].key}


def without_levels(keys: Mapping[str, str], level_keys: Collection[str]) -> dict[str, str]:
    """The shortcuts that work beside these level keys: a level's key is always the level's."""
    taken = {key.lower() for key in level_keys}
    return {name: key for name, key in keys.items() if key not in taken}
