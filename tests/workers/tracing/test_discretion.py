from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from workers.tracing.discretion import Discreet

SECRET = "a person's own words"


def test_only_what_stands_in_the_list_leaves() -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Discreet(memory)))
    above = SpanContext(
        7, 8, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("who", SECRET)])
    )
    span = provider.get_tracer("t").start_span(
        "GET traces/<int:pk>/",
        set_span_in_context(NonRecordingSpan(above)),
        SpanKind.SERVER,
        {
            "url.full": f"https://gradus.example/?q={SECRET}",
            "http.route": "traces/<int:pk>/",
            "new.one": SECRET,
        },
    )
    span.add_event("something", {"exception.message": SECRET})
    span.record_exception(ValueError(SECRET))
    span.set_status(Status(StatusCode.ERROR, SECRET))
    span.end()

    (sent,) = memory.get_finished_spans()
    assert (sent.name, sent.kind, sent.attributes) == (
        "GET traces/<int:pk>/",
        SpanKind.SERVER,
        {"http.route": "traces/<int:pk>/"},
    )
    assert [(event.name, dict(event.attributes or {})) for event in sent.events] == [
        ("something", {}),
        ("exception", {"exception.type": "ValueError"}),
    ]
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, None)
    assert (sent.context.trace_id, sent.parent.span_id) == (7, 8)
    assert sent.start_time is not None
    assert sent.end_time is not None
    assert SECRET not in sent.to_json()
