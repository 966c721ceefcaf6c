import os

from django.apps import AppConfig
from django.conf import settings


class WebappConfig(AppConfig):
    name = "webapp"
    verbose_name = "Gradus web"

    def ready(self) -> None:
        if settings.IS_TRACED:
            from webapp.env import Env
            from webapp.traced_requests import trace_requests
            from workers import tracing

            is_said = os.environ.get("OTEL_EXPORTER_OTLP_HEADERS")
            headers = "" if is_said else Env().text("OTEL_EXPORTER_OTLP_HEADERS", "")
            tracing.begin(version=settings.VERSION, headers=headers)
            trace_requests()
