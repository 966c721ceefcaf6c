"""``manage.py move_to URL``: everything in the database, into another one that is empty."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import connection

from annotate.errors import Conflict
from annotate.prelabel.runs.attendance import on_duty
from webapp.management.base import GradusCommand
from webapp.management.moving.second_database import (
    database_at,
    is_the_same,
    make_ready,
    require_empty,
    require_this_version,
)
from webapp.management.moving.whole_copy import copy_everything, unknown_tables


class Command(GradusCommand):
    help = (
        "Copy everything in this database into the empty one at URL, PostgreSQL or SQLite: all of it or, when "
        "anything is wrong, nothing. Stop the app and its workers before. Files stay where they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="as in DATABASE_URL: postgres://user:password@host:5432/name")

    def handle(self, *args: Any, **options: Any) -> None:
        if names := list(on_duty().values_list("name", flat=True)[:3]):
            raise Conflict(
                f"A worker is alive ({', '.join(names)}). Stop the app and its workers first, so that nothing is"
                " written to the old database that the new one would lack. One that was killed is missed after"
                " half a minute."
            )
        require_this_version(connection, "This database")
        with database_at(options["url"], "move_target") as target:
            if is_the_same(connection, target):
                raise Conflict("This is the database in use already.")
            require_empty(target)
            make_ready(target, "The database at URL")
            for table in unknown_tables(connection):
                self.stderr.write(f"Left behind, since it is no table of Gradus: {table}")
            with self.progress() as progress:
                task = progress.add_task("Moving", total=None, note="")
                counts = copy_everything(
                    connection,
                    target,
                    holds_writers=True,
                    note=lambda table, rows: progress.update(task, advance=rows, note=table),
                )
        for table, n in sorted(counts.items()):
            if n:
                self.stdout.write(f"{n:>12,}  {table}")
        self.stdout.write(
            f"{sum(counts.values()):,} rows of {len(counts)} tables are there, as many as here. Now set DATABASE_URL"
            " to the new database for the app and every worker, and start them. Files under GRADUS_HOME stay where"
            " they are; the old database was not changed."
        )
