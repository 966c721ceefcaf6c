"""What a manager writes to somebody they found on the ruler, who sees it on every page until they say they read it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotate.assign.trail import note_deed
from annotate.errors import Rejected
from annotate.models import Intervention, Person, Rater

LONGEST_MESSAGE = 1000


@transaction.atomic
def write_to(rater: Rater, text: str, *, by: Person) -> Intervention:
    """Raises `Rejected` for a machine, for somebody without an account, and for no text or too long a one."""
    if rater.person_id is None:
        raise Rejected(
            gettext("%(rater)s has no account here that could read it.") % {"rater": rater}, field="deed"
        )
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE:
        raise Rejected(gettext("Write them something, in at most 1,000 characters."), field="reason")
    Person.objects.filter(pk=rater.person_id).update(n_unread=F("n_unread") + 1)
    return note_deed(rater, Intervention.Deed.MESSAGE, reason=text, by=by)


@transaction.atomic
def mark_read(message: Intervention) -> None:
    """Once; callers have checked that it is to whoever asks."""
    unread = Intervention.objects.filter(pk=message.pk, deed=Intervention.Deed.MESSAGE, read_at=None)
    if unread.update(read_at=timezone.now()):
        person = Person.objects.filter(raters=message.rater_id, n_unread__gt=0)
        person.update(n_unread=F("n_unread") - 1)


def messages_to(person: Person, *, is_unread: bool = False) -> QuerySet[Intervention]:
    """The latest first, with the project each is about."""
    found = Intervention.objects.filter(rater__person=person, deed=Intervention.Deed.MESSAGE)
    if is_unread:
        found = found.filter(read_at=None)
    return found.select_related("rater__project", "made_by")
