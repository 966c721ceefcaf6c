"""One thing done to all traces that a filter finds: at once, or, where they are many, in pieces by a worker."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext

from annotate.assign.filling import add_turns, notice_gold
from annotate.assign.fillings import ask_change
from annotate.errors import Conflict
from annotate.logbook import note
from annotate.models import Project, Trace, Turn

from .contracts import Change, TraceFilter
from .lists import traces_where
from .pieces import change_some, require_possible

# So many are changed while the person waits: about a second on a laptop, in which nobody else writes to SQLite.
MOST_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Changed:
    """``count`` traces; where ``is_left``, the caller sends the rest of the work to a worker."""

    count: int
    is_left: bool = False


def change_traces(project: Project, wanted: TraceFilter, change: Change, *, count: int) -> Changed:
    """Do one thing to every trace of a filter.

    ``count`` is how many the caller was told: a Conflict says so when it is another number by now. A trace without
    gold labels cannot be gold, exam or demonstration. Up to a few thousand it is done when this returns; what keeps it
    from being done is found before anything is.
    """
    add_turns(project)
    with transaction.atomic():
        current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        notice_gold(current)
        found = traces_where(current, wanted).count()
        if found != count:
            raise Conflict(
                gettext(
                    "%(ids)s traces match by now, not %(count)s. Nothing was changed; look again and confirm."
                )
                % {"ids": found, "count": count}
            )
        require_possible(current, wanted, change)
        if change.do == "use":
            _note_use(current, wanted, change, found)
        if is_left := found > MOST_AT_ONCE:
            ask_change(current, wanted, change, total=found)
        else:
            _do_at_once(current, wanted, change)
    return Changed(count, is_left)


def _do_at_once(project: Project, wanted: TraceFilter, change: Change) -> None:
    upto = Trace.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0
    after = 0
    while ids := change_some(project, wanted, change, after=after, upto=upto):
        after = ids[-1]


def _note_use(project: Project, wanted: TraceFilter, change: Change, count: int) -> None:
    before: dict[str, int] = {}
    ids = traces_where(project, wanted).order_by().values("pk")
    for use in Turn.objects.filter(project=project, trace__in=ids).order_by().values_list("use", flat=True):
        before[use] = before.get(use, 0) + 1
    note(
        "changed",
        "use of traces",
        project=project.pk,
        before={"traces": before},
        after={"use": change.use, "traces": count},
    )
