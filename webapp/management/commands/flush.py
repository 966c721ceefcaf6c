"""`manage.py flush`, which the logbook's guard would otherwise refuse: emptying everything is the operator's right."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from annotate.models.guards import install_guards, remove_guards


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        remove_guards(connection)
        try:
            super().handle(**options)
        finally:
            install_guards(connection)
