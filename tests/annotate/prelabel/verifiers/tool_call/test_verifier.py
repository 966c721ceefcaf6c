from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.contracts import Finding, StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from annotate.prelabel.verifiers.tool_call.calls import Call, check
from tests.annotate.prelabel.answering import reasons, run, said, values

ENTRY = strategy_called("verifier/tool_call")
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "minimum": 1},
                "unit": {"enum": ["C", "F"]},
            },
            "required": ["city"],
        },
    },
}


def found(*steps: StepTask, tools: Any = (WEATHER,), problem: str = "How warm is it in Paris?") -> Finding:
    task = TraceTask(problem, steps, meta={"tools": list(tools)})
    finding, asked = run(ENTRY.start(task, {}), lambda request, sample: said(""))
    assert asked == []
    return finding


def action(arguments: Any, name: str = "weather") -> StepTask:
    return StepTask(0, json.dumps({"name": name, "arguments": arguments}), "action")


@pytest.mark.parametrize(
    ("step", "value", "reason"),
    [
        (action({"city": "Paris"}), "good", ""),
        (action({"city": "Paris", "days": 3, "unit": "C"}), "good", ""),
        (action({"days": 3}), "bad", "'city' is a required property"),
        (action({"city": 3}), "bad", "city: 3 is not of type 'string'"),
        (action({"city": "Paris", "days": "3"}), "bad", "days: '3' is not of type 'integer'"),
        (action({"city": "Paris", "days": 0}), "bad", "days: 0 is less than the minimum of 1"),
        (action({"city": "Paris", "unit": "K"}), "bad", "unit: 'K' is not one of ['C', 'F']"),
        (action({}, "whether"), "bad", "there is no tool whether"),
        (action([1]), "bad", "its arguments are not an object"),
        (StepTask(0, "<tool_call>{broken</tool_call>", "action"), "bad", "the call is not JSON"),
        (
            StepTask(0, "", "action", {"tool_calls": [{"function": {"name": "weather", "arguments": "{"}}]}),
            "bad",
            "its arguments are not JSON",
        ),
        (
            StepTask(
                0,
                "",
                "action",
                {"tool_calls": [{"function": {"name": "weather", "arguments": '{"city": "Rome"}'}}]},
            ),
            "good",
            "",
        ),
        (
            StepTask(0, 'I ask.\n```json\n{"name": "weather", "arguments": {}}\n```', "action"),
            "bad",
            "required",
        ),
    ],
)
def test_call_is_held_against_its_tool(step: StepTask, value: str, reason: str) -> None:
    (opinion,) = found(step).opinions
    assert opinion.value == value
    assert reason in opinion.text


@pytest.mark.parametrize(
    "step",
    [
        action({"city": "Paris", "country": "France"}),
        StepTask(0, "I call the weather service.", "action"),
        StepTask(0, '{"a": 1}', "action"),
        StepTask(0, json.dumps({"name": "nobody", "arguments": {}}), "thought"),
    ],
)
def test_what_is_no_certain_call_is_not_judged(step: StepTask) -> None:
    assert found(step).opinions == ()


def test_without_tools_and_observations_nothing_applies() -> None:
    assert reasons(found(action({}), tools=())) == {
        None: "the problem offers no tools and no tool said anything"
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"properties": 3},
        {"$schema": ["x"], "type": "string"},
        {"$schema": "http://[", "properties": {"a": {"type": "nonsense"}}},
        {"allOf": [{"$ref": "#/$defs/a"}] * 30, "$defs": {"a": {}}},
    ],
)
def test_tool_with_a_broken_schema_refutes_nobody(schema: dict[str, Any]) -> None:
    assert check(Call("t", {"a": 1}), {"t": schema}).status == "unclear"


def test_pattern_that_never_ends_is_not_tried() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert check(Call("t", {"a": "a" * 60 + "!"}), {"t": schema}).status == "supported"


ANSWER = '{"city": "Paris", "temperature": 25, "wind_speed": 3.5, "sky": "clear"}'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The temperature in Paris is 25 degrees.", "good"),
        ("So the temperature is 25.", "good"),
        ("So the temperature is 31.", "bad"),
        ("The wind speed is 3.5 m/s.", "good"),
        ("The wind speed is 9 m/s.", "bad"),
        ('The sky is "clear".', "good"),
        ('The sky is "cloudy".', "bad"),
    ],
)
def test_what_is_said_of_a_result_is_held_against_it(text: str, value: str) -> None:
    steps = (action({"city": "Paris"}), StepTask(1, ANSWER, "observation"), StepTask(2, text))
    finding = found(*steps)
    assert values(finding)[2] == value
    assert reasons(finding) == {1: "it is what the environment said"}


@pytest.mark.parametrize(
    "text",
    [
        "Thank you.",
        "The temperature is 77 °F.",
        "The temperature in Tokyo is 31.",
        "If the temperature is 31, we stay.",
        "The average temperature is 20.",
        "The temperature is about 30.",
        "The humidity is 31.",
        "The temperature is 31 + 2.",
    ],
)
def test_result_that_is_not_used_or_not_certainly_meant_is_silence(text: str) -> None:
    finding = found(action({"city": "Paris"}), StepTask(1, ANSWER, "observation"), StepTask(2, text))
    assert 2 in reasons(finding)


@pytest.mark.parametrize("name", ["functions.weather", "weather_api__weather", "Weather"])
def test_tool_is_known_by_its_framework_s_name_for_it(name: str) -> None:
    assert values(found(action({"city": "Paris"}, name))) == {0: "good"}
    assert values(found(action({}, name))) == {0: "bad"}


@pytest.mark.parametrize("name", ["respond", "final_answer", "finish", "think", "multi_tool_use.parallel"])
def test_framework_s_own_action_is_no_missing_tool(name: str) -> None:
    assert found(action({"text": "It is warm."}, name)).opinions == ()


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"name": "Alice", "age": 3}\n```',
        '```json\n{"name": "Alice", "description": "a tool", "parameters": {}}\n```',
        "<tool_call>\n<function=weather>\n<parameter=city>Paris</parameter>\n</function>\n</tool_call>",
        "<tool_call>{'name': 'weather', 'arguments': {'city': 'Paris'}}</tool_call>",
        "<tool_call>weather(city='Paris')</tool_call>",
    ],
)
def test_data_and_calls_in_other_spellings_are_not_refuted(text: str) -> None:
    assert found(StepTask(0, text, "action")).opinions == ()


@pytest.mark.parametrize(
    ("schema", "arguments", "status"),
    [
        ({"properties": {"a": {"type": "string"}}}, {"a": None}, "unclear"),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": None}, "refuted"),
        (
            {"properties": {"a": {"type": "string", "nullable": True}}, "required": ["a"]},
            {"a": None},
            "unclear",
        ),
        (
            {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
            {"a": None, "b": "x"},
            "refuted",
        ),
        ({"properties": {"a": {"type": "float"}}}, {"a": 1}, "unclear"),
        ({"type": "dict", "properties": {"a": {"type": "string"}}}, {"a": 1}, "unclear"),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 3.0}, "supported"),
        (
            {
                "$schema": "http://json-schema.org/draft-04/schema#",
                "properties": {"a": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
            },
            {"a": 0},
            "refuted",
        ),
        (
            {"properties": {"a": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}},
            {"a": 0},
            "unclear",
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {"a": {"type": "array", "items": [{"type": "string"}]}},
            },
            {"a": ["x", 1]},
            "supported",
        ),
    ],
)
def test_schema_of_another_draft_or_dialect_is_read_as_meant(
    schema: dict[str, Any], arguments: dict[str, Any], status: str
) -> None:
    assert check(Call("t", arguments), {"t": schema}).status == status


def test_what_was_told_before_an_action_may_have_changed() -> None:
    steps = (
        StepTask(0, '{"status": "pending", "price": 152}', "observation"),
        StepTask(1, 'The status is "cancelled".'),
        action({"city": "Paris"}),
        StepTask(3, "done", "observation"),
        StepTask(4, 'The status is "cancelled".'),
        StepTask(5, 'The status is "pending".'),
    )
    steps = tuple(StepTask(place, step.text, step.kind, step.meta) for place, step in enumerate(steps))
    assert values(found(*steps)) == {1: "bad", 2: "good", 5: "good"}


def test_key_with_another_word_before_it_is_another_thing() -> None:
    told = StepTask(0, '{"price": 152}', "observation")
    finding = found(told, StepTask(1, "The return price is 407."), StepTask(2, "The price is 407."))
    assert values(finding) == {2: "bad"}


def test_key_with_several_values_refutes_nothing() -> None:
    rows = '[{"price": 3}, {"price": 4}]'
    finding = found(
        StepTask(0, rows, "observation"), StepTask(1, "The price is 5."), StepTask(2, "The price is 4.")
    )
    assert values(finding) == {2: "good"}


def test_step_before_a_result_is_not_held_against_it() -> None:
    finding = found(StepTask(0, "The temperature is 31."), StepTask(1, ANSWER, "observation"))
    assert finding.opinions == ()


@given(
    text=st.text(max_size=60),
    observation=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_no_text_and_no_result_breaks_the_reader(text: str, observation: Any) -> None:
    steps = (
        StepTask(0, text, "action"),
        StepTask(1, json.dumps(observation), "observation"),
        StepTask(2, text),
    )
    found(*steps)
