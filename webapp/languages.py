"""The languages that people may choose."""

from __future__ import annotations

from django.conf import settings


def language_in(given: str | None) -> str:
    """The language with this code; English where nobody said one, or one that is not spoken here."""
    return given if given in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
