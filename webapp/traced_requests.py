"""Requests as traces, by their routes (docs/operations.md); imported only where a receiver is named."""

from __future__ import annotations

import os

import structlog
from django.conf import settings
from django.http import HttpRequest
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.trace import Span

from workers.tracing.log_lines import ids_of

LEFT_OUT = "/static/"
_LEFT_OUT_BY_OPERATOR = ("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS")


def trace_requests() -> None:
    is_told = any(os.environ.get(name) for name in _LEFT_OUT_BY_OPERATOR)
    DjangoInstrumentor().instrument(
        # Behind the one that answers before hosts are looked at, and the one that gives every request its id.
        middleware_position=settings.MIDDLEWARE.index("webapp.request_log.RequestLog") + 1,
        excluded_urls=None if is_told else LEFT_OUT,
        request_hook=_bind,
    )


def _bind(span: Span, request: HttpRequest) -> None:
    """To the request's lines, the last of which is written when its span is over."""
    structlog.contextvars.bind_contextvars(**ids_of(span))
