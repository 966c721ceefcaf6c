from __future__ import annotations

import json

from django.template.loader import render_to_string

from annotate.models import Step
from webapp.templatetags.toolcalls import as_action


def an_action(text: str, kind: str = "action", **meta: object) -> Step:
    return Step(position=0, text=text, kind=kind, meta=meta)


def shown(step: Step) -> str:
    return render_to_string("parts/step_text.html", {"step": step, "is_raw": False})


def test_a_call_in_the_meta_stands_below_the_words() -> None:
    call = {"function": {"name": "search", "arguments": json.dumps({"query": "<b>cats</b>", "limit": 3})}}
    html = shown(an_action("Let me **look**.\n", tool_calls=[call]))
    assert "<strong>look</strong>" in html
    assert "<code>search</code>" in html
    assert "&lt;b&gt;cats&lt;/b&gt;" in html
    assert "<b>" not in html
    assert html.index("look") < html.index("search")


def test_a_text_that_is_a_call_is_shown_as_one_and_not_twice() -> None:
    action = as_action(an_action('{"name": "weather", "arguments": {"city": "Łódź"}}\n'))
    assert action is not None
    assert not action.has_words
    [call] = action.calls
    assert [(one.name, one.head) for one in call.arguments] == [("city", "Łódź")]


def test_long_arguments_are_folded_and_none_is_left_out() -> None:
    code = "\n".join(f"line {number}" for number in range(40))
    action = as_action(an_action("", name="run", arguments={"code": code}))
    assert action is not None
    [argument] = action.calls[0].arguments
    assert (argument.n_hidden, argument.head + "\n" + argument.rest) == (28, code)
    assert "28 more lines" in shown(an_action("", name="run", arguments={"code": code}))


def test_arguments_that_are_no_json_are_said_to_be_none() -> None:
    broken = {"function": {"name": "search", "arguments": "{query: cats"}}
    assert "its arguments are not JSON" in shown(an_action("", tool_calls=[broken]))


def test_what_calls_nothing_is_shown_as_it_is() -> None:
    assert as_action(an_action("I stop here.\n")) is None
    assert as_action(an_action('{"name": "x", "arguments": {}}', kind="thought")) is None
    assert "I stop here." in shown(an_action("I stop here.\n"))


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert "‹U+202E›" in shown(an_action("", name="run", arguments={"a\u202e": "b\u202e"}))
