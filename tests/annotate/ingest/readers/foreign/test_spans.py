"""Spans that OpenTelemetry's SDK 1.45.2 exported, as three instrumentations recorded them (write_spans.py)."""

from __future__ import annotations

import pytest

from annotate.ingest.actions import ingest_file
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.foreign import FOLDER
from tests.annotate.ingest.readers.reading import read
from tests.factories import a_project

KINDS = ("openinference", "genai", "openllmetry")
FORMS = ("console.json", "otlp.jsonl", "protobuf.json")
AGENT = [
    (
        "action",
        '[{"name": "add", "arguments": {"a": 2, "b": 3}}, {"name": "add", "arguments": {"a": 4, "b": 5}}]',
    ),
    ("observation", "5"),
    ("observation", "9"),
    ("action", "It is 9.\n\nDone ✓."),
]


def found(kind: str, form: str) -> tuple[TraceDraft, TraceDraft, BadRow]:
    name, rows = read(FOLDER / f"spans_{kind}_{form}")
    assert name == "spans"
    agent, single, failed = rows
    assert isinstance(agent, Row)
    assert isinstance(single, Row)
    assert isinstance(agent.draft, TraceDraft)
    assert isinstance(single.draft, TraceDraft)
    assert isinstance(failed, BadRow)
    return agent.draft, single.draft, failed


def steps(draft: TraceDraft) -> list[tuple[str, str]]:
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_calls_tools_and_errors_of_an_agent(kind: str, form: str) -> None:
    agent, single, failed = found(kind, form)
    assert (agent.problem.text, agent.source_model) == (
        "Use the tool.\n\nWhat is 2 + 3 and 4 + 5?",
        "tiny-1-2026",
    )
    assert steps(agent) == AGENT
    calls = [call["function"]["name"] for call in agent.steps[0].meta["tool_calls"]]
    assert calls == ["add", "add"]
    # The run itself, two calls of the model and two of the tool.
    assert agent.meta == {"spans": 5}
    assert single.problem.text == "What is 2 + 2?"
    assert steps(single) == [("thought", "2 + 2 is 4."), ("thought", "So it is 4.")]
    assert failed.field == "status"
    assert "no call was answered: " in failed.reason
    assert failed.reason.endswith("Error code: 400 - This model fails.")


@pytest.mark.parametrize("kind", KINDS)
def test_trace_has_one_name_however_it_was_exported(kind: str) -> None:
    names = {tuple(one.external_id for one in found(kind, form)[:2]) for form in FORMS}
    ((agent, single),) = names
    assert (len(agent), len(single)) == (32, 32)
    assert int(agent, 16) != int(single, 16)


@pytest.mark.django_db
def test_second_export_of_the_same_calls_is_the_same() -> None:
    project = a_project()
    first = ingest_file(project, FOLDER / "spans_genai_protobuf.json")
    assert (first.format, first.created, first.rejected) == ("spans", 2, 1)
    second = ingest_file(project, FOLDER / "spans_genai_console.json")
    assert (second.created, second.unchanged, second.rejected) == (0, 2, 1)
