from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def _install_guards(*, using: str, **_: Any) -> None:
    from annotate.models.guards import install_guards

    install_guards(connections[using])


class AnnotateConfig(AppConfig):
    name = "annotate"
    label = "annotate"
    verbose_name = "Gradus"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_install_guards, sender=self, dispatch_uid="annotate.guards")
