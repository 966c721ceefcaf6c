"""A whole project, databases to move it to, and everything that stands in one."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from tests.paths import REPOSITORY
from tests.services import POSTGRES
from webapp.management.moving.second_database import WRITTEN_BY_MIGRATE, database_at
from webapp.management.moving.tables import all_models


@contextmanager
def an_empty_postgres() -> Iterator[str]:
    """The address of a PostgreSQL database of its own."""
    name = f"test_move_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(POSTGRES.address, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            # Nobody needs it after a power cut.
            yield f"{POSTGRES.address.rpartition('/')[0]}/{name}?options=-c%20synchronous_commit%3Doff"
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def everything_in(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with database_at(url, "looked_at"):
        return everything_at("looked_at")


def everything_at(alias: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as Django reads it."""
    return {
        model._meta.db_table: list(
            model._base_manager.using(alias).order_by("pk").values_list(*_columns(model))
        )
        for model in all_models()
        if model._meta.db_table not in WRITTEN_BY_MIGRATE
    }


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.local_concrete_fields]


def manage(*arguments: str, url: str, home: Path) -> str:
    """``manage.py`` in a process of its own, on another database and home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=kept
        | {
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "DATABASE_URL": url,
            "GRADUS_HOME": str(home),
            "GRADUS_NO_BOOTSTRAP": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
