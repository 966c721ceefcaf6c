from __future__ import annotations

import os
import threading

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from workers.tracing.per_process import PerProcess


def senders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("OtelBatch")]


def test_a_process_sends_by_a_thread_of_its_own_and_only_what_ended_in_it() -> None:
    made: list[InMemorySpanExporter] = []

    def exporter() -> InMemorySpanExporter:
        made.append(InMemorySpanExporter())
        return made[-1]

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(PerProcess(exporter))
    tracer = provider.get_tracer("t")
    assert (made, senders()) == ([], [])
    tracer.start_span("of the parent").end()
    assert (len(made), len(senders())) == (1, 1)

    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        # A bare child of the tests: whatever happens, it must not go on as one of them.
        try:
            tracer.start_span("of the child").end()
            provider.shutdown()
            names = ",".join(span.name for span in made[-1].get_finished_spans())
            os.write(writer, f"{len(made)} {names}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    assert os.read(reader, 1000) == b"2 of the child"
    os.close(reader)

    provider.shutdown()
    assert [span.name for span in made[0].get_finished_spans()] == ["of the parent"]
    tracer.start_span("too late").end()
    assert (len(made), senders()) == (1, [])
