"""What a manager does about a rater once the measures are seen, with the reason and a trail that stays.

Pausing and the exam are the queue's own acts (:mod:`annotate.assign.manage.actions`); leaving a rater's labels out of
consensus is one of this stage. Measures go on either way: who is left out can still be seen to have recovered.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotate.assign.manage.actions import act_on_reader
from annotate.assign.trail import note_deed
from annotate.enums import RaterKind
from annotate.errors import Conflict, Rejected
from annotate.measure.messages import write_to
from annotate.models import Intervention, Person, Project, Rater

Deed = Intervention.Deed
LONGEST_REASON = 200
# What the queue calls the same thing.
_AT_THE_QUEUE = {Deed.PAUSE: "pause", Deed.RESUME: "resume", Deed.REQUALIFY: "reset_exam"}


@transaction.atomic
def intervene(
    rater: Rater, deed: str, *, by: Person, reason: str, since: datetime | None = None
) -> Intervention:
    """Do it and write it down, both or neither. Callers have checked that the person may manage the project.

    ``since`` is the moment from which labels are left out of consensus; without one, now. A consensus that was run
    before stays as it is. Of a message ``reason`` is what it says.
    """
    if deed not in Deed.values:
        raise Rejected(
            gettext("%(deed)s is nothing that can be done about a rater.") % {"deed": f"{deed!r}"},
            field="deed",
        )
    if deed == Deed.MESSAGE:
        return write_to(rater, reason, by=by)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Rejected(gettext("Say in at most 200 characters why; it stays in the trail."), field="reason")
    current = Rater.objects.select_for_update(of=("self",)).select_related("project").get(pk=rater.pk)
    if deed in _AT_THE_QUEUE:
        act_on_reader(current, do=_AT_THE_QUEUE[Deed(deed)], reason=reason, by=by)
        return Intervention.objects.filter(rater=current).latest("pk")
    if deed == Deed.EXCLUDE:
        _exclude(current, since or timezone.now())
    else:
        _include(current)
    return note_deed(current, Deed(deed), reason=reason, by=by, since=current.excluded_from)


def _exclude(rater: Rater, since: datetime) -> None:
    if rater.kind in (RaterKind.GOLD, RaterKind.REVIEW):
        raise Rejected(
            gettext("%(rater)s gives the answers that others are held against.") % {"rater": rater},
            field="deed",
        )
    if rater.excluded_from is not None and rater.excluded_from <= since:
        raise Conflict(gettext("%(rater)s is left out since an earlier moment already.") % {"rater": rater})
    rater.excluded_from = since
    rater.save(update_fields=["excluded_from"])


def _include(rater: Rater) -> None:
    if rater.excluded_from is None:
        raise Conflict(gettext("%(rater)s is not left out of consensus.") % {"rater": rater})
    rater.excluded_from = None
    rater.save(update_fields=["excluded_from"])


def trail_of(rater: Rater) -> QuerySet[Intervention]:
    """What was done about the rater, the latest first, with who did it."""
    return Intervention.objects.filter(rater=rater).select_related("made_by")


def show_own_measures(project: Project, is_shown: bool) -> None:
    """Whether people may look at how they themselves were measured. Callers have checked that it is theirs to say."""
    project.shows_own_measures = is_shown
    project.save(update_fields=["shows_own_measures"])
