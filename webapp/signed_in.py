"""Who is asking: the two look-ups at the head of every request, prepared (:mod:`annotate.prepared`)."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from annotate.models import Person
from annotate.prepared import Prepared

_session: Prepared[Session] = Prepared(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now)
)
_person: Prepared[Person] = Prepared(lambda pk: Person.objects.filter(pk=pk))


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found


class AccountBackend(ModelBackend):
    """Django's sign-in with name and password."""

    def get_user(self, user_id: int) -> Person | None:
        person = _person.first(pk=user_id)
        return person if person is not None and self.user_can_authenticate(person) else None
