from __future__ import annotations

import gc
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

# Traces, votes and decisions go by in millions and hold no cycles, yet by Python's default of 700 new objects each
# batch of them has everything else looked through for cycles: a third of the time of a consensus of a million steps.
_NEW_OBJECTS = 10_000


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
        gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
        pre_migrate.connect(_remove_guards, sender=self, dispatch_uid="annotate.guards.away")
        post_migrate.connect(_install_guards, sender=self, dispatch_uid="annotate.guards")
