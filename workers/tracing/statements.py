"""SQL statements within requests and tasks, as Django sends them: the text with its holes, never what fills them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

LONGEST = 2000
# Texts that stand in a statement by themselves: PostgreSQL's with backslashes, any, and between dollars.
_TEXTS = re.compile(
    r"\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$([A-Za-z_]\w*|)\$.*?\$\1\$",
    re.DOTALL,
)
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"(\w+)"')


def follow(provider: TracerProvider) -> None:
    """Listen to every connection of this process. Not to the driver: some statements go past its usual cursors."""
    listener = Statements(provider.get_tracer("gradus.statements"))
    connection_created.connect(listener.join, weak=False)
    for connection in connections.all(initialized_only=True):
        listener.join(connection=connection)


class Statements:
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def join(self, connection: Any, **_: Any) -> None:
        # In front: whoever listens for a while takes the last away again.
        if self.note not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self.note)

    def note(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        # Those of nobody's request or task, signs of life above all, would each be a trace.
        if not trace.get_current_span().is_recording():
            return execute(sql, params, many, context)
        with self._tracer.start_as_current_span(
            "SQL", kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
        ) as span:
            if span.is_recording():
                operation, table, text = described(sql)
                span.update_name(f"{operation} {table}".strip())
                span.set_attribute("db.system.name", context["connection"].vendor)
                span.set_attribute("db.operation.name", operation)
                if table:
                    span.set_attribute("db.collection.name", table)
                span.set_attribute("db.query.text", text)
            try:
                return execute(sql, params, many, context)
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type(error).__qualname__)
                raise


def described(sql: Any) -> tuple[str, str, str]:
    """Its first word, its first table, and its text without the texts that stand in it."""
    # What the driver composes itself may hold values.
    text = sql if isinstance(sql, str) else ""
    if "'" in text or "$" in text:
        text = _TEXTS.sub("?", text).partition("'")[0]
    table = _TABLE.search(text)
    words = text.split(None, 1)
    return (words[0].upper() if words else "SQL", table[1] if table else "", text[:LONGEST])
