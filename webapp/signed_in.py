"""Who a request is from: Django's own ways, with the session and its person in one statement.

Every request asks for both. Which person a session belongs to is written inside of it; a process remembers it from the
last time, as a guess at whom to read along. What counts is what the session says as it is read.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from annotate.models import Person
from annotate.prepared import Prepared

MOST_GUESSES = 10_000
_session: Prepared[Session] = Prepared(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now)
)
_person: Prepared[Person] = Prepared(lambda pk: Person.objects.filter(pk=pk))


def _with_session(pk: int, key: str, now: Any) -> QuerySet[Person]:
    found = Session.objects.filter(session_key=key, expire_date__gt=now)
    return Person.objects.filter(pk=pk).annotate(session_data=Subquery(found.values("session_data")[:1]))


_both: Prepared[Person] = Prepared(_with_session)
# Whose a session was when it was last read here.
_guesses: dict[str, int] = {}
# For the time it takes Django to ask who somebody is.
_read_along: ContextVar[Person | None] = ContextVar("read_along", default=None)


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    # Read in the same statement; whether the session is theirs is for Django to say.
    person: Person | None = None

    def _validate_session_key(self, key: str | None) -> bool:
        # A cookie may hold anything, in quotes even a NUL, which PostgreSQL does not take; keys are of Django's making,
        # and of eight letters at least.
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()

    def load(self) -> dict[str, Any]:
        guess = _guesses.get(self.session_key or "")
        both = None if guess is None else _both.first(pk=guess, key=self.session_key, now=timezone.now())
        data: str | None = both.session_data if both is not None else None  # type: ignore[attr-defined]
        if data is None:
            found: dict[str, Any] = super().load()
        else:
            self.person, found = both, self.decode(data)
        self._remember(found.get(SESSION_KEY))
        return found

    def _remember(self, owner: Any) -> None:
        if len(_guesses) >= MOST_GUESSES:
            _guesses.clear()
        if self.session_key and str(owner).isdecimal():
            _guesses[self.session_key] = int(owner)

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found


class AccountBackend(ModelBackend):
    """Django's sign-in with name and password."""

    def get_user(self, user_id: int) -> Person | None:
        person = _read_along.get()
        if person is None or person.pk != user_id:
            person = _person.first(pk=user_id)
        return person if person is not None and self.user_can_authenticate(person) else None


class SignedIn(AuthenticationMiddleware):
    """Django's, which is given the person that was read along with the session."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person_of(request))  # type: ignore[assignment]


def _person_of(request: HttpRequest) -> Any:
    request.session.get(SESSION_KEY)
    token = _read_along.set(getattr(request.session, "person", None))
    try:
        return get_user(request)
    finally:
        _read_along.reset(token)
