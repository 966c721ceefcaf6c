"""A line of the log says which trace it belongs to."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from opentelemetry.trace import Span, format_span_id, format_trace_id, get_current_span


def ids_of(span: Span) -> dict[str, str]:
    """As logs and receivers write them; empty where there is no trace."""
    context = span.get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def with_trace(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For structlog, after what was bound to the whole request."""
    line.update(ids_of(get_current_span()))
    return line
