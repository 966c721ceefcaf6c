"""What a page's script says, translated: found in the script itself, so that no list has to be kept in step.

A script calls ``gettext("…")`` and ``ngettext("…", "…", n)`` of static/js/words.js with plain string literals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import translation

from webapp.bundles import bundle

_TEXT = r'"(?:[^"\\]|\\.)*"'
_CALL = re.compile(rf"\b(?:gettext\(\s*({_TEXT})|ngettext\(\s*({_TEXT}),\s*({_TEXT}))")
# Plural rules of all languages look at small numbers and at the last two digits of others.
_NUMBERS = range(200)

Words = dict[str, str | list[str] | dict[str, str | list[str]]]


def words_in(script: str) -> Iterator[tuple[str, str]]:
    """(singular, plural) of every call, the plural empty where there is none."""
    for call in _CALL.finditer(script):
        one, singular, plural = call.groups()
        yield (json.loads(one), "") if one else (json.loads(singular), json.loads(plural))


def catalogue_for(entry: str, language: str) -> Words:
    """Translation by English text for the script ``entry`` and what it imports. Empty for English.

    Plurals: a list of two where 1 alone is singular, as in English; else ``forms`` and, as digits, which of them goes
    with each number from 0 to 199.
    """
    if language == settings.LANGUAGE_CODE:
        return {}
    return _catalogue(entry, language)


@cache
def _catalogue(entry: str, language: str) -> Words:
    found: Words = {}
    with translation.override(language):
        for singular, plural in words_in(bundle(Path(settings.STATICFILES_DIRS[0]) / entry)):
            found[singular] = _forms(singular, plural) if plural else translation.gettext(singular)
    return found


def _forms(singular: str, plural: str) -> list[str] | dict[str, str | list[str]]:
    said = [translation.ngettext(singular, plural, n) for n in _NUMBERS]
    if all(text == said[0] for n, text in enumerate(said) if n != 1):
        return [said[1], said[0]]
    forms = list(dict.fromkeys(said))
    return {"forms": forms, "of": "".join(str(forms.index(text)) for text in said)}
