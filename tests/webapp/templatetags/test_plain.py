"""What is made without Markdown is what Markdown would have made, whatever the text."""

from __future__ import annotations

import random
import time

import pytest

from webapp.templatetags.plain import plain_html
from webapp.templatetags.typeset import parsed, reveal, typeset

PROSE = [
    "the",
    "sum",
    "12 * 5 = 60",
    "x_3 < 40",
    "a - b",
    "So",
    "\n",
    "\n\n",
    " ",
    " ",
    ".",
    ",",
    "(4)",
    "3.",
    "2)",
    "5",
]
MARKS = list("ab1 9.)(\n  *_<>&$\\`[]!#|:;-+='\"~^@{}")
ODD = [
    " * ",
    " < ",
    "12. ",
    "1) ",
    "amp;",
    " & ",
    "é",
    "中",
    "\u00a0",
    "\u3000",
    "“",
    "---",
    "http://a.b",
    "&lt",
    "<3",
]
ODDER = [
    "\t",
    "\r\n",
    "= ",
    "²",
    "Ⅷ",
    "\u0301",
    "\u1680",
    "\u2028",
    "</p>",
    "<b>",
    "<a@b>",
    "&#60;",
    "$5",
    "\\(",
]
ALPHABETS = (PROSE, [*PROSE, *ODD], [*MARKS, *ODD, *ODDER, "word"])


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_it_is_the_parsers_html_or_none(alphabet: list[str]) -> None:
    rng = random.Random(8)
    n_plain = 0
    for _ in range(4_000):
        text = reveal("".join(rng.choices(alphabet, k=rng.randint(1, 12))))
        plain = plain_html(text)
        if plain is not None:
            n_plain += 1
            assert plain == parsed(text), repr(text)
    assert n_plain > 50


@pytest.mark.parametrize(
    "text",
    [
        "So 3 * 4 = 12, and x_1 < 5.",
        "Add 4.\nThen 5.\n\nDone",
        "He pays 12 & she pays > 4",
        "Größer als 中文 “so”",
    ],
)
def test_prose_and_sums_are_plain(text: str) -> None:
    assert plain_html(text) == parsed(text) == typeset(text)


BLOCKS = ["", " a", "a ", "- a", "1. a", "1) a", "# a", "> a"]
SPANS = ["**a**", "_a_", "`a`", "[a](b)", "$a$", "\\(a\\)", "a\\*", "<b>", "a <b", "&amp;", "a&lt;b", "x@y.z"]
LINES = ["a\n---", "a|b\n-|-", "a \nb", "a\n b", "a\tb", "a\u00a0b", "~~~\na", "a\r\nb", "a\n1. b"]


@pytest.mark.parametrize("text", [*BLOCKS, *SPANS, *LINES])
def test_what_may_be_more_is_left_to_the_parser(text: str) -> None:
    assert plain_html(text) is None


@pytest.mark.parametrize(
    "text", ["a" * 20_000, "a * " * 5_000 + "$", "a\n" * 9_000 + "`", "(" * 19_999 + "\\"]
)
def test_it_takes_no_longer_than_the_text(text: str) -> None:
    began = time.process_time()
    plain_html(text)
    assert time.process_time() - began < 0.5
