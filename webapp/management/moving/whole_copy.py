"""All rows of one database in another, in one transaction: everything of one moment, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from annotate.errors import Conflict
from annotate.models.guards import install_guards, remove_guards
from annotate.models.references import install_references

from .second_database import WRITTEN_BY_MIGRATE
from .sequences import go_on_after, last_keys
from .tables import all_models, copy_table, count_rows, delete_rows


def copy_everything(
    source: BaseDatabaseWrapper,
    target: BaseDatabaseWrapper,
    *,
    holds_writers: bool = False,
    note: Callable[[str, int], None] = lambda table, rows: None,
) -> dict[str, int]:
    """How many rows each table has, in both. ``holds_writers``: nothing is written to the source meanwhile.

    The target has this version's empty tables. Its guards stand aside for rows that were frozen before they came.
    """
    counts: dict[str, int] = {}
    with one_moment(source, holds_writers=holds_writers), transaction.atomic(using=target.alias):
        remove_guards(target)
        models = all_models()
        for model in models:
            if model._meta.db_table in WRITTEN_BY_MIGRATE:
                delete_rows(target, model)
        for model in models:
            table = model._meta.db_table
            copy_table(source, target, model)
            wanted, arrived = count_rows(source, model), count_rows(target, model)
            if wanted != arrived:
                raise Conflict(f"Of {wanted} rows of {table} only {arrived} arrived. Nothing was moved.")
            counts[table] = arrived
            note(table, arrived)
        go_on_after(target, last_keys(source))
        # Whatever a row points to is here: asked before the end, since a table that waits for it takes no trigger.
        target.check_constraints()
        install_guards(target)
        install_references(target)
    return counts


@contextmanager
def one_moment(source: BaseDatabaseWrapper, *, holds_writers: bool) -> Iterator[None]:
    """Reads see one state of the database. SQLite's transactions are IMMEDIATE (settings) and hold writers anyway."""
    with transaction.atomic(using=source.alias):
        if source.vendor == "postgresql":
            with source.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                if holds_writers:
                    tables = (source.ops.quote_name(model._meta.db_table) for model in all_models())
                    cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE MODE")
        yield


def unknown_tables(source: BaseDatabaseWrapper) -> list[str]:
    """Tables that no part of Gradus has; they stay behind."""
    known = {model._meta.db_table for model in all_models()} | WRITTEN_BY_MIGRATE
    with source.cursor() as cursor:
        return sorted(set(source.introspection.table_names(cursor)) - known)
