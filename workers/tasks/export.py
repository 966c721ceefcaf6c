"""Carry a project to a worker that writes its release."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from annotate.export.actions import build_release
from annotate.models import Person, Project
from workers.celery import app, send


def send_release(project: Project, *, format: str, settings: dict[str, Any], person: Person) -> None:
    """Ask a worker to build a release, once the current transaction is committed."""
    wanted = {"project_id": project.pk, "format": format, "settings": settings, "person_id": person.pk}
    wanted |= {"key": secrets.token_hex(4)}
    transaction.on_commit(lambda: send(work_release, **wanted))


@app.task(name="export.work_release", bind=True)
def work_release(
    self: Any, *, project_id: int, format: str, settings: dict[str, Any], person_id: int, key: str = ""
) -> None:
    """Sent twice, the second worker leaves the release to the first, unless the broker says that it let go of it."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        person = Person.objects.filter(pk=person_id).first()
        build_release(
            project,
            folder=django_settings.RELEASES_DIR,
            format=format,
            settings=settings,
            created_by=person,
            benchmarks=django_settings.BENCHMARKS_DIR,
            key=key,
            takes_up=bool((self.request.delivery_info or {}).get("redelivered")),
        )
