from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from annotate.errors import Conflict
from webapp.management.moving.second_database import (
    bring_up_to_date,
    make_ready,
    make_tables,
    require_this_version,
    scratch_file,
)
from webapp.management.moving.tables import all_models

pytestmark = pytest.mark.django_db(transaction=True)


def shape(database: BaseDatabaseWrapper) -> dict[str, Any]:
    """Columns, keys, checks and indexes of every table, by what they say."""
    found: dict[str, Any] = {}
    with database.cursor() as cursor:
        for model in all_models():
            table = model._meta.db_table
            columns = {
                (one.name, one.type_code, one.null_ok)
                for one in database.introspection.get_table_description(cursor, table)
            }
            rules = {
                name: (tuple(rule["columns"] or ()), rule["unique"], rule["check"], rule["foreign_key"])
                for name, rule in database.introspection.get_constraints(cursor, table).items()
            }
            found[table] = (
                columns,
                sorted(map(str, rules.values())),
                {n for n in rules if not n.startswith("_")},
            )
    return found


def test_tables_made_at_once_are_those_that_migrations_make(tmp_path: Path) -> None:
    with scratch_file(tmp_path / "made.sqlite3", "made") as made:
        make_tables(made)
        require_this_version(made, "It")
        made_shape, migrated = shape(made), shape(connection)
    assert made_shape.keys() == migrated.keys()
    for table, one in made_shape.items():
        assert one == migrated[table], table


@pytest.mark.timeout(900)
def test_a_file_of_an_earlier_version_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with scratch_file(path, "old") as old:
        make_tables(old)
        with old.cursor() as cursor:
            # As if it came from before sessions, which nothing else builds upon.
            cursor.execute("DROP TABLE django_session")
            cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
        with pytest.raises(Conflict, match="older version"):
            make_ready(old, "It")
        bring_up_to_date(path, old)
        require_this_version(old, "It")
        with old.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('annotate', '9999_x', '2030-01-01')"
            )
        with pytest.raises(Conflict, match=r"newer version .*annotate\.9999_x"):
            require_this_version(old, "It")
