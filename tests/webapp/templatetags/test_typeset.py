from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.templatetags.typeset import LONGEST, has_math, reveal, typeset, typeset_raw


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<style>*{display:none}</style>",
        "</div></form><form action=https://far.example>",
        "$<img src=x onerror=alert(1)>$",
        "```html\n<script>alert(1)</script>\n```",
        "| <svg onload=alert(1)> | b |\n|--|--|\n| 1 | 2 |",
    ],
)
def test_markup_is_shown_and_never_passed_on(text: str) -> None:
    html = typeset(text)
    for tag in ("<script", "<img", "<style", "<form", "<svg"):
        assert tag not in html
    assert "&lt;" in html


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_links_that_run_something_are_no_links(address: str) -> None:
    assert "<a" not in typeset(f"[click]({address})")


def test_a_link_says_nothing_about_where_it_was_followed() -> None:
    html = typeset("[there](https://example.org 'title')")
    assert 'href="https://example.org"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_pictures_become_links_and_fetch_nothing() -> None:
    html = typeset("![a](https://far.example/a.png)")
    assert "<img" not in html
    assert ">a</a>" in html


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("so $x^2$ is", '<span class="math">$x^2$</span>'),
        ("so \\(a_1*b*c\\) is", '<span class="math">\\(a_1*b*c\\)</span>'),
        ("so $$x$$ is", '<span class="math math-display">$$x$$</span>'),
        ("\\[\n- x + 3\n> 2\n\\]", '<span class="math math-display">\\[\n- x + 3\n&gt; 2\n\\]</span>'),
        ("\\begin{align}\na&=b\n\\end{align}", "\\begin{align}\na&amp;=b\n\\end{align}</span>"),
        ("$\\$5$", '<span class="math">$\\$5$</span>'),
    ],
)
def test_formulas_are_marked_whole(text: str, formula: str) -> None:
    assert formula in typeset(text)
    assert has_math(text)


@pytest.mark.parametrize(
    "text", ["it costs $5 and $6", "\\$5 then $ 6$", "unclosed $x", "$5-$6", "a $ b $ c"]
)
def test_money_is_no_formula(text: str) -> None:
    assert 'class="math' not in typeset(text)


@pytest.mark.parametrize("text", ["3*4*5 = 60", "2**3**4", "a_b_c", "f(x)*g(x)*h"])
def test_products_keep_their_stars(text: str) -> None:
    assert text in typeset(text)


def test_emphasis_lists_tables_and_line_breaks_are_kept() -> None:
    assert "<strong>so</strong>" in typeset("**so** it")
    assert '<ol start="5">' in typeset("5. five\n6. six")
    assert "<td>1</td>" in typeset("| a |\n|---|\n| 1 |")
    assert typeset("one\ntwo") == "<p>one<br>\ntwo</p>\n"
    assert "<h" not in typeset("x = 3\n---").replace("<hr", "")


def test_code_is_coloured_by_class_alone() -> None:
    html = typeset("```python\nfor x in y: pass\n```")
    assert '<span class="k">for</span>' in html
    assert "style=" not in html


def test_what_cannot_be_seen_is_spelled_out() -> None:
    text = "a\u202eb\u200bc\x00d\u2066e\ufefff\U000e0041"
    shown = reveal(text)
    for code in ("202E", "200B", "0000", "2066", "FEFF", "E0041"):
        assert f"‹U+{code}›" in shown
    assert reveal("tab\tline\r\nα ∑ 漢 🙂") == "tab\tline\r\nα ∑ 漢 🙂"
    assert "‹U+202E›" in typeset(text)
    assert "‹U+202E›" in typeset_raw(text)


def test_a_very_long_text_is_shown_raw() -> None:
    assert typeset("*a* " * LONGEST).startswith('<pre class="raw">')


@pytest.mark.parametrize(
    "piece", ["\\(", "$", "$$", "\\[", "[", "*a ", "> ", "`", "- ", "\\begin{align}", "\\(\\\\)"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (LONGEST // len(piece) - 1)
    start = time.process_time()
    typeset(text)
    # Measured at 0.7 s for the worst; quadratic rules took 11 s.
    assert time.process_time() - start < 8


@given(st.text(alphabet=st.sampled_from("<>&\"'$\\()[]*_`#|-\n ax=/:{}"), max_size=80))
def test_no_text_makes_an_element_that_is_not_on_the_list(text: str) -> None:
    html = typeset(text)
    for forbidden in (
        "<script",
        "<img",
        "<style",
        "<form",
        "<input",
        "<iframe",
        "style=",
        " on",
        "javascript:",
    ):
        if forbidden in html:
            # It may stand there as text, never inside a tag.
            assert all(forbidden not in tag.split(">")[0] for tag in html.split("<")[1:])
