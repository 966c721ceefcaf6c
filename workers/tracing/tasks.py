"""Tasks, where they are sent and where they run: a message carries its trace along in its headers."""

from __future__ import annotations

from typing import Any

from celery import signals
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider


def follow(provider: TracerProvider) -> None:
    CeleryInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]

    def send_the_last(**_: Any) -> None:
        provider.shutdown()

    # A child of the pool leaves without what others do at exit.
    signals.worker_process_shutdown.connect(send_the_last, weak=False)
