"""Where spans come from and where they go, by the variables that OpenTelemetry names itself."""

from __future__ import annotations

import os

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from workers.tracing.discretion import Discreet
from workers.tracing.per_process import PerProcess
from workers.tracing.quiet_sweeps import QuietSweeps

SERVICE = "gradus"
_CONVENTIONS = "OTEL_SEMCONV_STABILITY_OPT_IN"


def provider_of(version: str, headers: str) -> TracerProvider:
    # The names that are settled: the older ones hold whole addresses.
    wanted = os.environ.get(_CONVENTIONS, "").split(",")
    if not {"http", "http/dup"}.intersection(wanted):
        os.environ[_CONVENTIONS] = ",".join(filter(None, [*wanted, "http"]))
    if not os.environ.get("OTEL_PROPAGATORS"):
        # Without baggage: what a caller packs would go on to the model servers.
        propagate.set_global_textmap(TraceContextTextMapPropagator())
    provider = TracerProvider(resource=_resource(version))
    # Which sampler is wanted the provider has read from the environment.
    provider.sampler = QuietSweeps(provider.sampler)
    given = parse_env_headers(headers, liberal=True)
    provider.add_span_processor(PerProcess(lambda: Discreet(OTLPSpanExporter(headers=given))))
    trace.set_tracer_provider(provider)
    return provider


def _resource(version: str) -> Resource:
    named = Resource.create({SERVICE_VERSION: version})
    if str(named.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return named.merge(Resource({SERVICE_NAME: SERVICE}))
    return named
