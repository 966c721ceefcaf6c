from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


def _remove_guards(*, using: str, plan: list[Any], **_: Any) -> None:
    """SQLite rebuilds a table to alter it and trips over a trigger that names it; PostgreSQL alters no such column."""
    from annotate.models.guards import remove_guards

    if plan:
        remove_guards(connections[using])


def _install_guards(*, using: str, **_: Any) -> None:
    from annotate.models.guards import install_guards
    from annotate.models.references import install_references

    install_guards(connections[using])
    install_references(connections[using])


class AnnotateConfig(AppConfig):
    name = "annotate"
    label = "annotate"
    verbose_name = "Gradus"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from annotate.logbook import watch

        watch()
        pre_migrate.connect(_remove_guards, sender=self, dispatch_uid="annotate.guards.away")
        post_migrate.connect(_install_guards, sender=self, dispatch_uid="annotate.guards")
