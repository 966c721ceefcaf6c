"""When a project's queue runs dry. Looked at by a sweep, so that nobody's turn of work has one thing more to do."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotate.enums import AssignmentState, NoticeEvent
from annotate.models import Assignment, Comparison, Listener
from annotate.notices.announcing import announce

from .ordering import APART

# The last readings are skipped, disputed and asked for anew: a queue is dry several times before it stays so.
QUIET = timedelta(hours=1)


def announce_dry_queues() -> int:
    """Tell those who want to know that nothing is left to take, where there was something before; how many notices."""
    by_project: dict[int, list[Listener]] = defaultdict(list)
    for listener in Listener.objects.order_by("pk"):
        if NoticeEvent.QUEUE_EMPTY in listener.events:
            by_project[listener.project_id].append(listener)
    return sum(_look(project, listeners) for project, listeners in by_project.items())


def has_open_work(project: int) -> bool:
    """Whether there is a reading or a comparison that somebody could take; what others hold is not counted."""
    readings = Assignment.objects.filter(project=project, state=AssignmentState.OPEN, position__lt=APART)
    comparisons = Comparison.objects.filter(project=project, state=AssignmentState.OPEN)
    return readings.exists() or comparisons.exists()


def _look(project: int, listeners: list[Listener]) -> int:
    """Nothing is written while nothing has changed: SQLite has one writer at a time."""
    if not has_open_work(project):
        saw_work = [one.pk for one in listeners if one.saw_work]
        return _tell(project, saw_work) if saw_work else 0
    if unseen := [one.pk for one in listeners if not one.saw_work]:
        Listener.objects.filter(pk__in=unseen).update(saw_work=True)
    return 0


@transaction.atomic
def _tell(project: int, saw_work: list[int]) -> int:
    now = timezone.now()
    rows = Listener.objects.select_for_update(no_key=True).filter(pk__in=saw_work, saw_work=True)
    due = [one for one in rows.order_by("pk") if one.said_empty_at is None or one.said_empty_at < now - QUIET]
    if not due:
        return 0
    Listener.objects.filter(pk__in=[one.pk for one in due]).update(saw_work=False, said_empty_at=now)
    return announce(project, NoticeEvent.QUEUE_EMPTY, key=f"queue:{now.isoformat()}", to=due)
