"""Tokens for programs: made, known again, taken back. Their only writer."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotate.enums import TokenScope
from annotate.errors import NotAllowed, Rejected
from annotate.models import MachineToken, Person, Project
from annotate.models.machine_token import BEGINNING, digest_of

MOST_DAYS = 366
MOST_LIVE = 50
SHOWN = len(BEGINNING) + 5
# Written down at most so often: a program asks many times a second.
NOTE_USE_AFTER = timedelta(minutes=5)


def make_token(
    person: Person, *, name: str, scopes: Iterable[str], days: int, project: Project | None = None
) -> tuple[MachineToken, str]:
    """A token and its text, which is nowhere to be read again. The caller has seen to it that ``project`` is theirs."""
    name = name.strip()
    if not name or len(name) > 100:
        raise Rejected(gettext("Name what the token is for, in at most 100 characters."), field="name")
    chosen = sorted(set(scopes))
    if not chosen:
        raise Rejected(gettext("Choose at least one thing it may do."), field="scopes")
    if unknown := [scope for scope in chosen if scope not in TokenScope.values]:
        raise Rejected(
            gettext("There is no scope %(scope)s. There are: %(known)s.")
            % {"scope": unknown[0], "known": ", ".join(TokenScope.values)},
            field="scopes",
        )
    if not 1 <= days <= MOST_DAYS:
        raise Rejected(gettext("must be from 1 to %(most_days)s.") % {"most_days": MOST_DAYS}, field="days")
    if live_tokens(person).count() >= MOST_LIVE:
        raise Rejected(
            gettext("You have %(most)s tokens. Take one back first.") % {"most": MOST_LIVE}, field="name"
        )
    text = BEGINNING + secrets.token_urlsafe(32)
    token = MachineToken.objects.create(
        person=person,
        project=project,
        name=name,
        digest=digest_of(text),
        shown=text[:SHOWN],
        scopes=chosen,
        expires_at=timezone.now() + timedelta(days=days),
    )
    return token, text


def live_tokens(person: Person) -> QuerySet[MachineToken]:
    return person.machine_tokens.filter(revoked_at=None, expires_at__gt=timezone.now())


def tokens_of(person: Person) -> QuerySet[MachineToken]:
    """All of a person's tokens, those that are over included."""
    return person.machine_tokens.select_related("project")


def token_by(text: str) -> MachineToken | None:
    """The token behind the text, if it is live and its person may sign in; its use is noted now and then."""
    found = (
        MachineToken.objects.select_related("person", "project")
        .filter(digest=digest_of(text), revoked_at=None, person__is_active=True)
        .first()
    )
    if found is None or not found.is_live:
        return None
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTE_USE_AFTER)
    if found.last_used_at is None or found.last_used_at < now - NOTE_USE_AFTER:
        MachineToken.objects.filter(stale, pk=found.pk).update(last_used_at=now)
    found.person.only_in = found.project_id
    return found


def revoke_token(person: Person, pk: int) -> MachineToken:
    """Take one's own token back; it opens nothing from now on."""
    token = person.machine_tokens.filter(pk=pk).first()
    if token is None:
        raise NotAllowed
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
    return token
