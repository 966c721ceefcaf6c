from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON, Sampler
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from workers.celery import SWEEP
from workers.tracing.quiet_sweeps import QuietSweeps


def recording(sampler: Sampler) -> tuple[Tracer, InMemorySpanExporter]:
    memory = InMemorySpanExporter()
    provider = TracerProvider(QuietSweeps(sampler), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return provider.get_tracer("t"), memory


def message_of(tracer: Tracer, task: str) -> dict[str, str]:
    """The headers of a message that is sent now."""
    headers: dict[str, str] = {}
    with tracer.start_as_current_span(f"apply_async/{task}", kind=SpanKind.PRODUCER):
        TraceContextTextMapPropagator().inject(headers)
    return headers


def test_a_sweep_is_no_trace_and_what_it_sends_begins_one() -> None:
    tracer, memory = recording(DEFAULT_ON)
    got = TraceContextTextMapPropagator().extract(message_of(tracer, SWEEP))
    with tracer.start_as_current_span(f"run/{SWEEP}", got, SpanKind.CONSUMER):
        with tracer.start_as_current_span("SELECT annotate_run", kind=SpanKind.CLIENT):
            pass
        sent = message_of(tracer, "prelabel.work_run")
    with (
        tracer.start_as_current_span(
            "run/prelabel.work_run", TraceContextTextMapPropagator().extract(sent), SpanKind.CONSUMER
        ),
        tracer.start_as_current_span("SELECT annotate_run", kind=SpanKind.CLIENT),
    ):
        again = message_of(tracer, "prelabel.work_run")
    assert [span.name for span in memory.get_finished_spans()] == [
        "apply_async/prelabel.work_run",
        "apply_async/prelabel.work_run",
        "SELECT annotate_run",
        "run/prelabel.work_run",
    ]
    assert len({span.context.trace_id for span in memory.get_finished_spans()}) == 1
    assert "tracestate" not in again


def test_everything_else_is_the_wanted_samplers_business() -> None:
    for sampler, n in ((DEFAULT_ON, 2), (ALWAYS_OFF, 0)):
        tracer, memory = recording(sampler)
        with tracer.start_as_current_span("GET projects/", kind=SpanKind.SERVER):
            message_of(tracer, "prelabel.work_run")
        with tracer.start_as_current_span(f"run/{SWEEP}", kind=SpanKind.CONSUMER):
            message_of(tracer, "prelabel.work_run")
        assert len(memory.get_finished_spans()) == n + (n > 0)
