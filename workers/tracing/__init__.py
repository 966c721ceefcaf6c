"""Traces for an OpenTelemetry receiver, where whoever runs the site names one; else nothing of it is imported.

What leaves is how long which kind of thing took: routes, tasks, statements without their values, and which model server
was asked. ``discretion`` holds the list; whatever does not stand there stays here.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

PROTOCOL = "http/protobuf"
_PARTS = (
    "sdk",
    "exporter.otlp.proto.http",
    *(f"instrumentation.{name}" for name in ("django", "celery", "httpx")),
)

_has_begun = False


def is_wanted() -> bool:
    """Whether the variables that OpenTelemetry names itself say where traces go."""
    return (
        bool(_said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"))
        and _said("OTEL_SDK_DISABLED").lower() != "true"
        and _said("OTEL_TRACES_EXPORTER").lower() != "none"
    )


def is_possible() -> bool:
    """Whether they can be sent; if not, one line on standard error says what is in the way.

    The start goes on: whoever sets the variable for a whole cluster shall not find this site stopped by it.
    """
    if reason := hindrance():
        sys.stderr.write(f"gradus: no traces are sent, though a receiver is set: {reason}\n")
    return not reason


def hindrance() -> str:
    """Why none can be sent; empty where nothing is in the way."""
    protocol = _said("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL
    if protocol != PROTOCOL:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, and Gradus sends by {PROTOCOL} alone."
    try:
        is_here = all(find_spec(f"opentelemetry.{part}") for part in _PARTS)
    except ModuleNotFoundError:
        is_here = False
    return "" if is_here else "OpenTelemetry is not installed. Run: python3 manage.py setup otel"


def begin(*, version: str, headers: str) -> None:
    """Record and send from now on. Called once a process, before its first request, task or connection.

    ``headers`` go with everything that is sent, besides those that stand in the library's own variables.
    """
    global _has_begun  # noqa: PLW0603
    from workers.tracing import provider, statements, tasks

    made = provider.provider_of(version, headers)
    tasks.follow(made)
    statements.follow(made)
    _has_begun = True


def follow(client: Any) -> None:
    """Record what ``client``, one of httpx2, asks of its model server."""
    if _has_begun:
        from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor

        HTTPX2ClientInstrumentor.instrument_client(client)


def _said(*names: str) -> str:
    return next(filter(None, (os.environ.get(name, "").strip() for name in names)), "")
