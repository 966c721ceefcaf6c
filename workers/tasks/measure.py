"""Carry a project to a worker that measures it."""

from __future__ import annotations

from django.db import transaction

from annotate.measure.actions import measure_project
from annotate.models import Project
from workers.celery import app


def send_measure(project: Project) -> None:
    """Ask a worker to measure ``project``, once the current transaction is committed."""
    transaction.on_commit(lambda: work_measure.apply_async(kwargs={"project_id": project.pk}, queue="cpu"))


@app.task(name="measure.work_measure")
def work_measure(*, project_id: int) -> None:
    """Running twice measures twice and stores the same."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        measure_project(project)
