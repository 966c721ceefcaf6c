"""The logbook: who changed what of settings, members, roles, tokens, gold, decisions and releases. Its only writer.

What is watched is written down by Django's signals, so that no caller can forget it; the few things that are changed
in bulk, or that are more than one row, are noted by name (:func:`note`). Entries are append-only below the ORM too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save, pre_save

from annotate.models import (
    Invitation,
    Listener,
    LogEntry,
    MachineToken,
    Membership,
    Person,
    Project,
    Release,
    Rubric,
)

HIDDEN = "(not written down)"
# What is written down of each noun. An address, a secret or a name of a person is only said to have changed.
WATCHED: dict[type[Model], tuple[str, ...]] = {
    Project: (
        *("slug", "name", "description", "rubric_id", "overlap", "lease_minutes", "queue_rules"),
        *("shows_reference", "reveals_prelabels", "hides_readers", "shows_own_measures", "judge_gate"),
    ),
    Membership: ("person_id", "role", "skills"),
    Invitation: ("role", "expires_at", "withdrawn_at"),
    Listener: ("kind", "name", "url", "roles", "events", "salt"),
    Rubric: ("name", "version", "is_frozen"),
    Release: ("number", "format", "settings", "state", "run_id"),
    MachineToken: ("person_id", "name", "scopes", "project_id", "expires_at", "revoked_at"),
    Person: ("username", "email", "password", "is_active", "is_staff", "is_superuser"),
}
PRIVATE = frozenset({"username", "email", "password", "url", "salt"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and by which way. ``person`` is asked only once there is something to write down."""

    via: str
    person: Callable[[], int | None]


_THE_MACHINE = Actor("machine", lambda: None)
_actor: ContextVar[Actor] = ContextVar("actor", default=_THE_MACHINE)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Whatever is noted inside was done by ``actor``."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def act_by(via: str) -> None:
    """From here on the same person acts another way: once a request's token has been read."""
    _actor.set(Actor(via, _actor.get().person))


def note(
    verb: str,
    noun: str,
    *,
    project: int | None = None,
    subject: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> LogEntry:
    """Write one line."""
    actor = _actor.get()
    return LogEntry.objects.create(
        project_pk=project,
        actor_pk=actor.person(),
        via=actor.via,
        verb=verb,
        noun=noun,
        subject_pk=subject,
        before=dict(before or {}),
        after=dict(after or {}),
    )


def entries_of(project: Project, noun: str = "", *, before: int | None = None) -> QuerySet[LogEntry]:
    """The project's lines, newest first; older than the one with the key ``before``."""
    found = LogEntry.objects.filter(project_pk=project.pk).order_by("-pk")
    found = found.filter(noun=noun) if noun else found
    return found if before is None else found.filter(pk__lt=before)


def nouns_of(project: Project) -> list[str]:
    """What the project's lines are about."""
    found: list[str] = []
    # From one to the next by the index: there is a handful of them, among lines without number.
    behind = LogEntry.objects.filter(project_pk=project.pk).order_by("noun").values_list("noun", flat=True)
    while (noun := behind.filter(noun__gt=found[-1] if found else "").first()) is not None:
        found.append(noun)
    return found


def names_of(entries: list[LogEntry]) -> dict[int, str]:
    """How those who acted are called now."""
    people = Person.objects.in_bulk({entry.actor_pk for entry in entries if entry.actor_pk is not None})
    return {pk: person.shown_name for pk, person in people.items()}


def watch() -> None:
    """Listen to the nouns that are watched."""
    for model in WATCHED:
        name = model._meta.label
        pre_save.connect(_before_save, sender=model, dispatch_uid=f"log.before.{name}")
        post_save.connect(_after_save, sender=model, dispatch_uid=f"log.after.{name}")
        post_delete.connect(_after_delete, sender=model, dispatch_uid=f"log.gone.{name}")


def _touched(model: type[Model], update_fields: frozenset[str] | None) -> list[str]:
    """Which watched columns a save writes."""
    if update_fields is None:
        return list(WATCHED[model])
    return [
        name for name in WATCHED[model] if name in update_fields or name.removesuffix("_id") in update_fields
    ]


def _before_save(
    sender: type[Model], instance: Any, update_fields: frozenset[str] | None, raw: bool = False, **_: Any
) -> None:
    touched = _touched(sender, update_fields)
    stood = None
    if touched and not raw and not instance._state.adding:
        stood = sender._base_manager.filter(pk=instance.pk).values(*touched).first()
    instance._stood = stood


def _after_save(
    sender: type[Model],
    instance: Any,
    created: bool,
    update_fields: frozenset[str] | None,
    raw: bool = False,
    **_: Any,
) -> None:
    touched = _touched(sender, update_fields)
    if raw or not touched:
        return
    stood: dict[str, Any] = instance.__dict__.pop("_stood", None) or {}
    now = {name: getattr(instance, name) for name in touched}
    changed = [name for name in touched if created or stood.get(name) != now[name]]
    if changed:
        _note_row(
            "created" if created else "changed",
            instance,
            {name: stood[name] for name in changed if name in stood},
            {name: now[name] for name in changed},
        )


def _after_delete(sender: type[Model], instance: Any, **_: Any) -> None:
    _note_row("deleted", instance, {name: getattr(instance, name) for name in WATCHED[sender]}, {})


def _note_row(verb: str, row: Model, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    project = row.pk if isinstance(row, Project) else getattr(row, "project_id", None)
    noun = row._meta.model_name or ""
    note(verb, noun, project=project, subject=row.pk, before=_shown(before), after=_shown(after))


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: HIDDEN if name in PRIVATE else value for name, value in values.items()}
