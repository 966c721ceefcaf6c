"""A trace that attacks its reader changes nothing, fetches nothing and runs nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from annotate.models import Label, Problem
from tests.e2e.people import sign_in
from tests.factories import a_project, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

STEPS = (
    "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>\n",
    "[click](javascript:window.pwned=1) ![far](https://far.example/a.png) <https://far.example>\n",
    "$\\href{javascript:window.pwned=1}{x}$ $\\htmlStyle{background:url(https://far.example)}{y}$\n",
    "$\\includegraphics{https://far.example/b.png}$ $\\def\\a{\\a\\a}\\a$ $\\frac{$ $x^2$\n",
    "</textarea></form><form action=https://far.example><style>*{display:none}</style>\n",
    "Ends \u202ereversed\u202c, zero\u200bwidth and a NUL-like \x01.\n",
)


def test_a_hostile_trace_is_only_read(page: Page) -> None:
    project = a_project(slug="hostile", bob=Role.ANNOTATOR)
    trace = a_trace(project, texts=STEPS, external_id="hostile")
    Problem.objects.filter(pk=trace.problem_id).update(text="<script>window.pwned = 1</script> $x$")
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/projects/hostile/queue/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#step-3 .katex")).to_have_count(1)
    expect(page.locator("#step-2 .math.is-broken")).to_have_count(2)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main style, main img, main iframe").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    expect(page.locator("#step-5")).to_contain_text("‹U+202E›")
    expect(page.locator(".bar")).to_be_visible()
    for _ in STEPS:
        page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All labelled")
    assert Label.objects.counted().count() == len(STEPS)
