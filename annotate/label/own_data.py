"""All that is kept about a person, as they may have it: one JSON object a line, each with its ``kind``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from annotate.models import (
    Assignment,
    Comment,
    Comparison,
    CutReport,
    Intervention,
    Label,
    LogEntry,
    MachineToken,
    Membership,
    Notice,
    Person,
    Reader,
    Recut,
    Reveal,
    Upload,
)
from annotate.wording import pause_words

ABOUT = (
    *("username", "first_name", "last_name", "email", "date_joined", "last_login", "language", "time_zone"),
    *("theme", "contrast", "density", "keys", "has_shortcuts", "shows_streak"),
)
CHUNK = 1000


def data_of(person: Person) -> Iterator[dict[str, Any]]:
    """Who they are, what they may do, all they have said and when, and what was done about them."""
    yield {"kind": "person", **{name: getattr(person, name) for name in ABOUT}}
    for kind, rows in _parts(person):
        for row in rows.iterator(chunk_size=CHUNK):
            yield {"kind": kind, **{name: _in_words(name, value) for name, value in row.items()}}


def _in_words(name: str, value: Any) -> Any:
    return pause_words(value) if name in ("reason", "pause_reason") else value


def _parts(person: Person) -> Iterator[tuple[str, QuerySet[Any, Any]]]:
    own = Q(rater__person=person) | Q(decided_by__person=person)
    yield (
        "membership",
        Membership.objects.filter(person=person)
        .order_by("pk")
        .values("project__slug", "role", "skills", "created_at"),
    )
    yield (
        "assignment",
        Assignment.objects.filter(holder__person=person)
        .order_by("pk")
        .values("id", "project__slug", "trace__external_id", "state", "purpose", "finished_at", "note"),
    )
    yield (
        "comparison",
        Comparison.objects.filter(holder__person=person)
        .order_by("pk")
        .values("id", "project__slug", "state", "finished_at"),
    )
    yield (
        "label",
        Label.objects.filter(own)
        .order_by("pk")
        .values(
            *("id", "criterion__key", "step__trace__external_id", "step__position", "trace__external_id"),
            *("value", "text", "seconds", "has_seen_prelabels", "is_live", "evidence", "created_at"),
        ),
    )
    yield (
        "comment",
        Comment.objects.filter(author=person)
        .order_by("pk")
        .values("id", "trace__external_id", "step__position", "text", "earlier", "created_at"),
    )
    yield (
        "cut report",
        CutReport.objects.filter(author=person)
        .order_by("pk")
        .values("id", "trace__external_id", "position", "fault"),
    )
    yield (
        "cut",
        Recut.objects.filter(person=person).order_by("pk").values("id", "trace__external_id", "kind"),
    )
    yield (
        "standing",
        Reader.objects.filter(rater__person=person)
        .order_by("pk")
        .values("rater__project__slug", "exam", "exam_score", "paused_at", "pause_reason"),
    )
    yield (
        "about them",
        Intervention.objects.filter(rater__person=person)
        .order_by("pk")
        .values("rater__project__slug", "deed", "reason", "made_at", "read_at"),
    )
    yield (
        "shown pre-labels",
        Reveal.objects.filter(person=person).order_by("pk").values("trace__external_id", "shown_at"),
    )
    yield (
        "upload",
        Upload.objects.filter(person=person)
        .order_by("pk")
        .values("project__slug", "name", "size", "created_at"),
    )
    yield (
        "token",
        MachineToken.objects.filter(person=person)
        .order_by("pk")
        .values("name", "shown", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"),
    )
    factors: QuerySet[Any] = person.authenticator_set.order_by("pk")  # type: ignore[attr-defined]
    yield ("second factor", factors.values("type", "created_at", "last_used_at"))
    accounts: QuerySet[Any] = person.socialaccount_set.order_by("pk")  # type: ignore[attr-defined]
    yield (
        "account elsewhere",
        accounts.values("provider", "uid", "extra_data", "date_joined", "last_login"),
    )
    yield (
        "notice",
        Notice.objects.filter(person=person)
        .order_by("pk")
        .values("listener__project__slug", "event", "state", "created_at"),
    )
    yield (
        "log",
        LogEntry.objects.filter(actor_pk=person.pk)
        .order_by("pk")
        .values("at", "via", "verb", "noun", "subject_pk", "before", "after"),
    )
