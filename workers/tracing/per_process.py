"""Spans are gathered and sent by a thread of the process in which they ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

# How long the end of a process waits for a receiver that does not answer; less than whoever stops it waits.
LAST_SECONDS = 2.0


class PerProcess(SpanProcessor):
    """Begins with the first span that ends: a fork takes no threads along, and a connection is not for two."""

    def __init__(self, exporter: Callable[[], SpanExporter]) -> None:
        self._exporter = exporter
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        # The parent may have held it while it forked.
        self._lock = threading.Lock()
        self._own: BatchSpanProcessor | None = None
        self._is_over = False

    def on_end(self, span: ReadableSpan) -> None:
        if self._own is None:
            with self._lock:
                if self._is_over:
                    return
                if self._own is None:
                    self._own = BatchSpanProcessor(self._exporter())
        self._own.on_end(span)

    def shutdown(self) -> None:
        with self._lock:
            self._is_over = True
            own = self._own
        if own is not None:
            # Its own method waits for half a minute, which nobody who stops a process does.
            own._batch_processor.shutdown(timeout_millis=int(LAST_SECONDS * 1000))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._own is None or self._own.force_flush(timeout_millis)
