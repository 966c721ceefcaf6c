"""Releases on their way to the Hub: the rows, of which this is the only writer. What is sent, a worker sends."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.enums import ReleaseState, RunState
from annotate.errors import Conflict, Rejected
from annotate.models import Person, Push, Release
from annotate.models.push import UNDER_WAY

# As the Hub's own client checks them; a name without an owner would go to whoever the token belongs to.
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
MOST_SAID = 1000


def pushes_of(release: Release) -> QuerySet[Push]:
    """Newest first."""
    return Push.objects.filter(release=release).select_related("release", "person").order_by("-pk")


def open_push(
    release: Release,
    *,
    repository: str,
    person: Person | None = None,
    is_private: bool = True,
    may_replace: bool = False,
    owners: Collection[str] | None = None,
) -> Push:
    """Note that a release is to go to the Hub; the caller sends the row to a worker.

    ``owners`` are the names below which people may write, None for any. Raises Rejected for a name that cannot be one
    or is not allowed here, Conflict for a release that is not published or a repository that is being written to.
    """
    if release.state != ReleaseState.PUBLISHED:
        raise Conflict(
            gettext("Release %(number)s is %(state)s, not published.")
            % {"number": release.number, "state": release.get_state_display().lower()}
        )
    repository = repository.strip()
    if not _NAME.fullmatch(repository) or "--" in repository or ".." in repository:
        raise Rejected(
            gettext("%(name)s is no name of a data set on the Hub: OWNER/NAME")
            % {"name": repr(repository[:100])}
            if repository
            else gettext("is missing"),
            field="repository",
        )
    owner = repository.partition("/")[0]
    if owners is not None and owner.lower() not in {one.lower() for one in owners}:
        raise Rejected(
            gettext("Nothing is pushed to %(owner)s from here; the operator allows %(allowed)s.")
            % {"owner": owner, "allowed": ", ".join(owners) or gettext("nobody")},
            field="repository",
        )
    return _saved(
        Push(
            release=release,
            person=person,
            key=uuid4().hex,
            repository=repository,
            is_private=is_private,
            may_replace=may_replace,
            asked_at=clock.now(),
        )
    )


def cancel_push(push: Push) -> Push:
    """Stop it; what the Hub has stays there. Conflict where nothing is under way."""
    stopped = {"state": RunState.CANCELLED, "waits_until": None, "finished_at": clock.now()}
    if not Push.objects.filter(pk=push.pk, state__in=UNDER_WAY).update(**stopped):
        raise Conflict(gettext("This push is not under way."))
    push.refresh_from_db()
    return push


def retry_push(push: Push, *, may_replace: bool | None = None) -> Push:
    """Take a failed or stopped push up again; what the Hub has is not sent twice. The caller sends it to a worker."""
    with transaction.atomic():
        push = Push.objects.select_for_update().select_related("release").get(pk=push.pk)
        if push.state not in (RunState.FAILED, RunState.CANCELLED):
            raise Conflict(gettext("Only a push that failed or was stopped can be taken up again."))
        push.state, push.error, push.finished_at, push.seen_at = RunState.QUEUED, "", None, None
        push.asked_at = clock.now()
        push.may_replace = push.may_replace if may_replace is None else may_replace
        return _saved(push)


def _saved(push: Push) -> Push:
    try:
        with transaction.atomic():
            push.save()
    except IntegrityError:
        raise Conflict(
            gettext("Something is on its way to %(repository)s already. Wait for it, or stop it.")
            % {"repository": push.repository}
        ) from None
    return push


def claim_push(push_id: int, *, lease: timedelta) -> Push | None:
    """The push, for one worker to work on; None where it is over or somebody else is at it."""
    now = clock.now()
    is_free = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, seen_at__lt=now - lease)
    taken = Push.objects.filter(is_free, pk=push_id)
    if not taken.update(state=RunState.RUNNING, attempt=F("attempt") + 1, seen_at=now, waits_until=None):
        return None
    return Push.objects.select_related("release__project").get(pk=push_id)


def note_push(push: Push, **what: Any) -> bool:
    """Write how far a claimed push is; False where it was stopped, or somebody else has taken it up."""
    mine = Push.objects.filter(pk=push.pk, state=RunState.RUNNING, attempt=push.attempt)
    if not mine.update(seen_at=clock.now(), **what):
        return False
    for name, value in what.items():
        setattr(push, name, value)
    return True


def finish_push(push: Push, state: RunState, *, error: str = "", **what: Any) -> bool:
    """End a claimed push, unless it was stopped or somebody else has taken it up meanwhile."""
    return note_push(
        push, state=state, error=error[:MOST_SAID], waits_until=None, finished_at=clock.now(), **what
    )


def left_alone(since: timedelta) -> list[int]:
    """Pushes that no worker has taken up for so long, or whose worker has given no sign of life."""
    before = clock.now() - since
    silent = Q(state=RunState.RUNNING, seen_at__lt=before) | Q(state=RunState.QUEUED, asked_at__lt=before)
    return list(Push.objects.filter(silent).order_by("pk").values_list("pk", flat=True))


def known_keys(push: Push) -> set[str]:
    """The keys of every push from this project to this repository."""
    return set(_siblings(push).values_list("key", flat=True))


def known_revisions(push: Push) -> set[str]:
    """The commits with which pushes from this project to this repository have ended so far."""
    return set(_siblings(push).exclude(revision="").values_list("revision", flat=True))


def earlier_files(push: Push) -> set[str]:
    """Every file that a push from this project to this repository may have left there."""
    manifests = Release.objects.filter(pushes__in=_siblings(push)).values_list("manifest", flat=True)
    return {file["path"] for manifest in manifests for file in manifest.get("files", ())}


def _siblings(push: Push) -> QuerySet[Push]:
    return Push.objects.filter(repository__iexact=push.repository, release__project=push.release.project_id)
