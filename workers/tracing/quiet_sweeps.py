"""Sweeps come round every few seconds and mostly find nothing: they are no traces, what they send begins one."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from workers.celery import SWEEPS

# Goes with the context, by a message's headers too; whoever reads it knows that a sweep stands above.
_MARK = "gradus"
_BY_SWEEP = "sweep"
_MARKED = TraceState([(_MARK, _BY_SWEEP)])


class QuietSweeps(Sampler):
    """Asks ``sampler``, but of what comes of a sweep only what that sends on."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        above = get_current_span(parent_context).get_span_context().trace_state
        if name.partition("/")[2] in SWEEPS:
            return SamplingResult(Decision.DROP, trace_state=_MARKED)
        if above.get(_MARK) != _BY_SWEEP:
            return self._sampler.should_sample(
                parent_context, trace_id, name, kind, attributes, links, trace_state
            )
        if kind is not SpanKind.PRODUCER:
            return SamplingResult(Decision.DROP, trace_state=above)
        # As if nothing stood above.
        return self._sampler.should_sample(Context(), trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        return f"QuietSweeps({self._sampler.get_description()})"
