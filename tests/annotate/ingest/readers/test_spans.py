from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.examples import otlp
from tests.annotate.ingest.readers.reading import bad, one_trace, read, written

STEPS = [
    ("action", '{"name": "add", "arguments": {"a": 2, "b": 3}}'),
    ("observation", "5"),
    ("action", "It is 5."),
]


def steps(draft: TraceDraft) -> list[tuple[str, str]]:
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


def spans() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = otlp()["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return found


def flat(span: dict[str, Any]) -> dict[str, Any]:
    """As tracing tools hand out single spans."""
    attributes: dict[str, Any] = {}
    for one in span["attributes"]:
        inner = attributes
        *way, last = one["key"].split(".")
        for name in way:
            inner = inner.setdefault(name, {})
        inner[last] = one["value"]["stringValue"]
    return {
        "name": span["name"],
        "context": {"trace_id": span["traceId"], "span_id": span["spanId"]},
        "start_time": f"2026-11-29T10:00:0{span['startTimeUnixNano'][0]}Z",
        "attributes": attributes,
    }


def test_calls_that_repeat_each_other_are_one_conversation(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, otlp()), "spans")
    assert (draft.external_id, draft.source_model, draft.problem.text) == ("aa11", "tiny-1", "2 + 3?")
    assert steps(draft) == STEPS
    assert draft.meta == {"spans": 3}


def test_spans_of_a_trace_may_stand_apart(tmp_path: Path) -> None:
    whole = [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]} for span in spans()]
    other = json.loads(json.dumps(whole[2]).replace("aa11", "bb22"))
    path = written(tmp_path, whole[0], other, *whole[1:])
    _, rows = read(path)
    assert [row.line for row in rows] == [1, 2]
    found = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
    assert [(draft.external_id, len(draft.steps)) for draft in found] == [("aa11", 3), ("bb22", 1)]
    assert steps(found[0]) == STEPS


def test_flat_spans_and_a_column_for_each_attribute_say_the_same(tmp_path: Path) -> None:
    assert steps(one_trace(written(tmp_path, *map(flat, spans())), "spans")) == STEPS
    table = [
        {
            "context.trace_id": span["traceId"],
            "context.span_id": span["spanId"],
            "start_time": span["startTimeUnixNano"],
            **{f"attributes.{one['key']}": one["value"]["stringValue"] for one in span["attributes"]},
        }
        for span in spans()
    ]
    assert steps(one_trace(written(tmp_path, *table), "spans")) == STEPS


def test_tools_own_span_speaks_where_no_call_repeats_it(tmp_path: Path) -> None:
    first, tool = spans()[2], spans()[1]
    draft = one_trace(written(tmp_path, flat(tool), flat(first)), "spans")
    assert steps(draft) == STEPS[:2]
    assert draft.steps[1].meta["tool"] == "add"


def test_messages_of_the_general_conventions(tmp_path: Path) -> None:
    def span(number: int, sent: Any, answered: Any) -> dict[str, Any]:
        given = {
            "gen_ai.request.model": "tiny-2",
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Add."}]),
            "gen_ai.input.messages": json.dumps(sent),
            "gen_ai.output.messages": json.dumps(answered),
        }
        return {"trace_id": "t", "span_id": f"s{number}", "start_time": f"{number}", "attributes": given}

    asked = {"role": "user", "parts": [{"type": "text", "content": "2 + 3?"}]}
    call = {"type": "tool_call", "id": "c", "name": "add", "arguments": {"a": 2, "b": 3}}
    called = {"role": "assistant", "parts": [call], "finish_reason": "tool_call"}
    result = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "5"}]}
    done = {"role": "assistant", "parts": [{"type": "text", "content": "It is 5."}], "finish_reason": "stop"}
    path = written(tmp_path, span(1, [asked], [called]), span(2, [asked, called, result], [done]))
    draft = one_trace(path, "spans")
    assert (draft.problem.text, draft.source_model) == ("Add.\n\n2 + 3?", "tiny-2")
    assert steps(draft) == STEPS


def test_prompts_and_completions_by_number(tmp_path: Path) -> None:
    given = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "2 + 3?",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "It is 5.",
    }
    row = {"traceId": "t", "spanId": "s", "startTimeUnixNano": "1", "attributes": given}
    assert steps(one_trace(written(tmp_path, row), "spans")) == [("thought", "It is 5.")]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"spanId": "s", "attributes": {}}, "traceId", "belongs to no trace"),
        ({"traceId": "t", "spanId": "s", "attributes": {"a": 1}}, "attributes", "no call of a model"),
        (
            {"traceId": "t", "spanId": "s", "attributes": {"gen_ai.input.messages": "["}},
            "span s.gen_ai.input.messages",
            "is no JSON",
        ),
    ],
)
def test_trace_without_messages_is_told(tmp_path: Path, row: dict[str, Any], field: str, reason: str) -> None:
    found, why = bad(written(tmp_path, row), "spans")
    assert (found, reason in why) == (field, True), (found, why)


def test_broken_record_costs_itself_alone(tmp_path: Path) -> None:
    _, rows = read(written(tmp_path, "{broken\n" + json.dumps(otlp()) + "\n"))
    assert [type(row) for row in rows] == [BadRow, Row]
