"""Carry a project to a worker that writes its release."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from annotate.export.actions import build_release
from annotate.models import Person, Project
from workers.celery import app


def send_release(project: Project, *, format: str, settings: dict[str, Any], person: Person) -> None:
    """Ask a worker to build a release, once the current transaction is committed."""
    wanted = {"project_id": project.pk, "format": format, "settings": settings, "person_id": person.pk}
    transaction.on_commit(lambda: work_release.apply_async(kwargs=wanted, queue="cpu"))


@app.task(name="export.work_release")
def work_release(*, project_id: int, format: str, settings: dict[str, Any], person_id: int) -> None:
    """Running twice numbers two releases of the same bytes."""
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
        )
