"""Carry a project to a worker that decides its steps."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from annotate.consensus.actions import run_consensus
from annotate.models import Person, Project
from workers.celery import app


def send_consensus(
    project: Project, *, policy: str, settings: dict[str, Any], person: Person, criterion: str = ""
) -> None:
    """Ask a worker to run ``policy``, once the current transaction is committed; no criterion: its usual one."""
    wanted: dict[str, Any] = {"project_id": project.pk, "policy": policy, "settings": settings}
    wanted |= {"person_id": person.pk, "criterion": criterion}
    transaction.on_commit(lambda: work_consensus.apply_async(kwargs=wanted, queue="cpu"))


@app.task(name="consensus.work_consensus")
def work_consensus(
    *, project_id: int, policy: str, settings: dict[str, Any], person_id: int, criterion: str = ""
) -> None:
    """Running twice leaves two runs that say the same, the newer of which counts."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        person = Person.objects.filter(pk=person_id).first()
        run_consensus(project, policy=policy, settings=settings, criterion_key=criterion, created_by=person)
