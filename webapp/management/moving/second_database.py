"""A database beside the site's own, reached under an alias for as long as a command needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import load_backend

from annotate.errors import Conflict, Rejected
from webapp.env import EnvError
from webapp.management.supervisor import MANAGE
from webapp.settings import database_from

# What ``migrate`` itself writes into an empty database.
WRITTEN_BY_MIGRATE = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@contextmanager
def database_at(url: str, alias: str) -> Iterator[BaseDatabaseWrapper]:
    """The database of a URL as in DATABASE_URL. Raises Rejected where it cannot be reached."""
    try:
        settings: dict[str, Any] = database_from(url)
    except EnvError as error:
        raise Rejected(str(error).partition(": ")[2] or str(error), field="url") from None
    if settings["ENGINE"] not in ("webapp.postgresql", "django.db.backends.sqlite3"):
        raise Rejected("names neither PostgreSQL (postgres://…) nor SQLite (sqlite:///…)", field="url")
    whole = connections.configure_settings({"default": settings})["default"]
    connection = load_backend(whole["ENGINE"]).DatabaseWrapper(whole, alias)
    # For this thread alone; nothing that goes through the site's databases meets it.
    connections[alias] = connection
    try:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            raise Rejected(f"does not answer: {str(error).strip()}", field="url") from None
        yield connection
    finally:
        connection.close()
        del connections[alias]


def is_the_same(one: BaseDatabaseWrapper, other: BaseDatabaseWrapper) -> bool:
    facts = ("ENGINE", "HOST", "PORT", "NAME")
    return all(str(one.settings_dict[fact]) == str(other.settings_dict[fact]) for fact in facts)


def require_empty(connection: BaseDatabaseWrapper) -> None:
    """Raises Conflict where anything is stored that is not there to hold the shape of tables."""
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table in WRITTEN_BY_MIGRATE:
                continue
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")
            if cursor.fetchone() is not None:
                raise Conflict(
                    f"The database is not empty: {table} has rows. Name one that holds nothing, so that nothing of"
                    " either is written over."
                )


def require_this_version(connection: BaseDatabaseWrapper, whose: str) -> None:
    """Raises Conflict where its tables are not those of this version of Gradus."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    newer = sorted(key for key in loader.applied_migrations if key not in loader.disk_migrations)
    if newer:
        names = ", ".join(".".join(key) for key in newer[:3])
        raise Conflict(f"{whose} is of a newer version of Gradus, which this one does not know ({names}).")
    if executor.migration_plan(loader.graph.leaf_nodes()):
        raise Conflict(f"{whose} is of an older version of Gradus. Run python3 manage.py migrate first.")


def make_ready(connection: BaseDatabaseWrapper, whose: str) -> None:
    """An empty database gets this version's tables; one that has tables has to have those."""
    with connection.cursor() as cursor:
        has_tables = bool(connection.introspection.table_names(cursor))
    if has_tables:
        require_this_version(connection, whose)
    else:
        make_tables(connection)


def make_tables(connection: BaseDatabaseWrapper) -> None:
    """This version's tables in a new database, at once rather than migration by migration.

    Migrations that fill tables do so in the site's own database, whatever alias they are run for.
    """
    # SQLite makes no table while it checks; a transaction cannot switch that off.
    was_checking = connection.disable_constraint_checking()
    try:
        with transaction.atomic(using=connection.alias), connection.schema_editor() as editor:
            for model in apps.get_models():
                if model._meta.managed and not model._meta.proxy:
                    editor.create_model(model)
            recorder = MigrationRecorder(connection)
            recorder.ensure_schema()
            done = MigrationExecutor(connection).loader.disk_migrations
            rows = (recorder.Migration(app=app, name=name) for app, name in done)
            recorder.migration_qs.bulk_create(rows)
    finally:
        if was_checking:
            connection.enable_constraint_checking()


@contextmanager
def scratch_file(path: Path, alias: str) -> Iterator[BaseDatabaseWrapper]:
    """An SQLite file that is thrown away or written out again: it waits for no disk and leaves no log beside it."""
    with database_at(f"sqlite:///{path}", alias) as connection:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA journal_mode=MEMORY")
        yield connection


def bring_up_to_date(path: Path, connection: BaseDatabaseWrapper) -> None:
    """Migrate an SQLite file of an earlier version, in a process whose own database it is."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    connection.close()
    done = subprocess.run(
        [sys.executable, str(MANAGE), "migrate", "--verbosity", "0", "--no-input"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings", "DATABASE_URL": f"sqlite:///{path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Conflict(f"The backup could not be brought up to this version: {last}")
