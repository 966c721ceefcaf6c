"""Carry a project to a worker that writes its release."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from annotate.enums import ReleaseState
from annotate.export.actions import build_release
from annotate.export.unfinished import SIGN_SECONDS, sign, sign_off, take_up
from annotate.models import Person, Project, Run
from workers.attendance import signing
from workers.celery import app, send


def send_release(project: Project, *, format: str, settings: dict[str, Any], person: Person) -> None:
    """Ask a worker to build a release, once the current transaction is committed."""
    wanted = {"project_id": project.pk, "format": format, "settings": settings, "person_id": person.pk}
    wanted |= {"key": secrets.token_hex(4)}
    transaction.on_commit(lambda: send(work_release, **wanted))


@app.task(name="export.work_release", bind=True)
def work_release(
    self: Any,
    *,
    project_id: int,
    format: str,
    settings: dict[str, Any],
    person_id: int | None,
    key: str = "",
    run_id: int | None = None,
    mark: str = "",
) -> None:
    """Sent twice, the second worker leaves the release to the first, unless that is known to have let go of it.

    Known by the broker, or by a sweep, whose ``mark`` is good for one worker.
    """
    project = Project.objects.filter(pk=project_id).first()
    # Messages of an earlier version have no key.
    key = key or secrets.token_hex(4)
    if project is None or (mark and not take_up(key, mark)):
        return
    person = Person.objects.filter(pk=person_id).first() if person_id else None
    try:
        with signing(lambda: sign(key), every=SIGN_SECONDS):
            release = build_release(
                project,
                folder=django_settings.RELEASES_DIR,
                format=format,
                settings=settings,
                run=Run.objects.filter(pk=run_id).first() if run_id else None,
                created_by=person,
                benchmarks=django_settings.BENCHMARKS_DIR,
                key=key,
                takes_up=bool(mark or (self.request.delivery_info or {}).get("redelivered")),
            )
    except Exception:
        sign_off(key)
        raise
    # Else another worker is at it, whose sign it is.
    if release.state != ReleaseState.BUILDING:
        sign_off(key)
