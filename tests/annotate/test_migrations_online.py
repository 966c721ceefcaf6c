"""A migration after the first release keeps nobody from working: no big table is locked for long, or written anew.

Whoever needs such a change makes it in parts: an empty column, rows filled in batches by a worker, then the constraint.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterUniqueTogether,
    RunPython,
    SeparateDatabaseAndState,
)

import annotate.migrations
from annotate.migrations._online import AddIndexOnline

# Those before were made while the program had no users.
FIRST_ONLINE = 41
BIG = {
    "trace",
    "step",
    "label",
    "assignment",
    "turn",
    "unit",
    "completion",
    "consensus",
    "comment",
    "problem",
}


def migrations() -> Iterator[tuple[str, Any]]:
    for found in pkgutil.iter_modules(annotate.migrations.__path__):
        if found.name[:4].isdecimal() and int(found.name[:4]) >= FIRST_ONLINE:
            yield found.name, importlib.import_module(f"annotate.migrations.{found.name}").Migration


def done_to_tables(operations: list[Any]) -> Iterator[Any]:
    """What reaches the database: of an operation in two halves, that half."""
    for one in operations:
        if isinstance(one, SeparateDatabaseAndState):
            yield from done_to_tables(one.database_operations)
        else:
            yield one


def objection(migration: Any, one: Any) -> str:
    """Why this cannot be done while people work; nothing where it can."""
    if not migration.atomic and not isinstance(one, AddIndexOnline | RunPython):
        return "stays half-done where the migration is stopped, and cannot be run again: in a migration of its own"
    if getattr(one, "model_name", "") not in BIG:
        return ""
    if isinstance(one, AddIndexOnline):
        return "is no atomic = False migration" if migration.atomic else ""
    if isinstance(one, AddIndex):
        return "makes an index while nobody may write: AddIndexOnline does not"
    if isinstance(one, AddConstraint | AlterUniqueTogether):
        return "checks every row while nobody may write"
    if isinstance(one, AddField):
        return objection_to_field(one.field)
    if isinstance(one, AlterField):
        return "may write the table anew; in two halves, with SQL that does not"
    return ""


def objection_to_field(field: models.Field[Any, Any]) -> str:
    if field.unique or field.db_index:
        return "makes an index while nobody may write: without one first (db_index=False)"
    if field.has_default() and callable(field.default):
        return "fills every row at once: empty first"
    return ""


@pytest.mark.parametrize(("name", "migration"), list(migrations()))
def test_no_migration_keeps_people_from_working(name: str, migration: Any) -> None:
    found = [(type(one).__name__, objection(migration, one)) for one in done_to_tables(migration.operations)]
    assert not [(what, why) for what, why in found if why], name


def test_what_would_lock_is_seen() -> None:
    class Atomic:
        atomic = True

    class Online:
        atomic = False

    index = models.Index(fields=("value",), name="by_value")
    assert "half-done" in objection(Online, AddField("project", "kept", models.FloatField(null=True)))
    assert not objection(Online, AddIndexOnline("label", index))
    assert "AddIndexOnline" in objection(Atomic, AddIndex("label", index))
    assert "atomic" in objection(Atomic, AddIndexOnline("label", index))
    assert not objection(Atomic, AddIndex("project", index))
    assert objection(Atomic, AddField("step", "kept", models.FloatField(default=float)))
    assert not objection(Atomic, AddField("step", "kept", models.DateTimeField(null=True)))
