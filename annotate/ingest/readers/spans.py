"""Spans of agents' runs: OpenTelemetry in OTLP's JSON or flat, by the conventions of OpenInference or GenAI.

A trace's spans may stand anywhere in the file. Every call of a model adds what had not been said before; a tool's own
span speaks only where no call repeats what tools answered. The trace keeps its id, as 32 hexadecimal digits where it is
one. Spans without messages say nothing here; what failed is kept in the trace's meta.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.call_history import history_of
from annotate.ingest.conversation import conversation_of
from annotate.ingest.drafts import BadRow, ProblemDraft, Row, TraceDraft
from annotate.ingest.failures import failure, failures_of
from annotate.ingest.fields import Fields
from annotate.ingest.gathering import Gathering
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import records
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.span_fields import call_in, spans_in

_SPAN_NAMES = (
    {"traceId", "spanId"},
    {"trace_id", "span_id"},
    {"context.trace_id"},
    {"context", "attributes"},
)


class SpansReader:
    name = "spans"
    title = "OpenTelemetry: spans by OpenInference or GenAI"
    heeds = CUTTING | {"problem"}

    def fits(self, sample: Sample) -> bool:
        if sample.has("resourceSpans") or sample.has("resource_spans"):
            return True
        has_attributes = any(str(name).startswith("attributes") for name in sample.keys)
        return has_attributes and any(names <= sample.keys for names in _SPAN_NAMES)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        with Gathering() as gathering:
            for record in records(source):
                if isinstance(record, BadRow):
                    yield record
                    continue
                try:
                    for span in list(spans_in(Fields.of(record.value))):
                        gathering.add(span["trace_id"], record.line, span)
                except Rejected as error:
                    yield BadRow(record.line, error.field, error.reason)
            for group in gathering.groups():
                if isinstance(group, Rejected):
                    yield BadRow(group.row or 0, "traceId", group.reason)
                    continue
                try:
                    yield Row(group.line, _trace_draft(group.name, group.records, options))
                except Rejected as error:
                    yield BadRow(group.line, error.field, f"trace {group.name[:60]}: {error.reason}")


def _trace_draft(name: str, spans: Sequence[dict[str, Any]], options: ReadOptions) -> TraceDraft:
    album = options.album()
    # Times are whole numbers of one length, or texts that sort as they run.
    in_order = sorted(spans, key=lambda span: (len(span["start"]), span["start"]))
    calls = [call for span in in_order if (call := call_in(span, album)) is not None]
    if not any(call.result is None for call in calls):
        reason = (
            "holds no call of a model with its messages, which are recorded only where that was asked for"
        )
        raise Rejected(reason, field="attributes")
    errors = [failure(span["error"], "status") for span in in_order if span.get("error")]
    if errors and not any(call.answered for call in calls):
        raise Rejected(f"no call was answered: {errors[-1][:200]}", field="status")
    history = history_of(calls)
    conversation = conversation_of(history.messages, "messages", options)
    models = {"models": history.models} if len(history.models) > 1 else {}
    return TraceDraft(
        external_id=Fields({"traceId": name}).name("traceId"),
        problem=ProblemDraft(conversation.problem, meta=conversation.problem_meta()),
        steps=conversation.steps,
        source_model=history.models[0] if history.models else "",
        meta={"spans": len(spans)} | models | failures_of(errors) | conversation.meta(),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )
