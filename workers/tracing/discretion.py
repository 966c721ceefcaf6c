"""What may leave: the attributes that stand here, and nothing that anybody wrote.

Libraries put whole addresses, what clients call themselves, and errors with the values that caused them into spans. A
list of what to take out would be late with their next version; so there is a list of what goes.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status
from opentelemetry.util.types import Attributes

KEPT = frozenset(
    {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "url.scheme",
        # Which of the site's names was asked for, or which model server was.
        "server.address",
        "server.port",
        "db.system.name",
        "db.operation.name",
        "db.collection.name",
        "db.query.text",
        "celery.action",
        "celery.task_name",
        "celery.state",
        "celery.retries",
        "messaging.message.id",
        "messaging.destination",
        # The class of an error; what it says may hold what somebody wrote.
        "error.type",
        "exception.type",
    }
)


class Discreet(SpanExporter):
    def __init__(self, receiver: SpanExporter) -> None:
        self._receiver = receiver

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._receiver.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._receiver.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._receiver.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=_bare(span.context),
        parent=_bare(span.parent),
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=[Event(event.name, _kept(event.attributes), event.timestamp) for event in span.events],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Attributes) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in KEPT}


def _bare(context: SpanContext | None) -> SpanContext | None:
    """Without the state, which whoever asked may have filled."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
