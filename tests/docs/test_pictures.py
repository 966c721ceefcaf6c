"""The pictures of the plain words are what our statistics say, and so are the words below them."""

from __future__ import annotations

import re

import pytest

from docs.make_pictures import IMAGES, PICTURES
from tests.docs.pages import text_of


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_would_be_drawn(name: str) -> None:
    assert (IMAGES / name).read_text(encoding="utf-8") == PICTURES[name]()


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_said_instead_of_a_picture_has_its_numbers(name: str) -> None:
    (said,) = re.findall(rf"!\[([^\]]*)\]\(images/{re.escape(name)}\)", text_of("plain-statistics.md"))
    drawn = (IMAGES / name).read_text(encoding="utf-8").replace("−", "-")
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?= %)|-?0\.\d+", said.replace("−", "-"))
    assert all(number in drawn for number in numbers)
