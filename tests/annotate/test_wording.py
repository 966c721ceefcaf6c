from __future__ import annotations

import pytest
from django.utils import translation

from annotate.enums import Role
from annotate.wording import figure, mid, percent


@pytest.mark.parametrize(
    ("language", "title", "number", "share"),
    [("en", "owner", "12,345.60", "80%"), ("de", "Eigentümer", "12.345,60", "80 %")],
)
def test_words_and_figures_are_written_as_the_language_does(
    language: str, title: str, number: str, share: str
) -> None:
    with translation.override(language):
        assert mid(Role.OWNER.label) == title
        assert figure(f"{12345.6:,.2f}") == number
        assert percent(0.8) == share
