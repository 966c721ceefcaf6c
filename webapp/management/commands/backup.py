"""``manage.py backup FILE``: the whole site in one file, while people go on."""

from __future__ import annotations

import sqlite3
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from annotate.errors import Rejected
from webapp.management.base import GradusCommand
from webapp.management.moving.archive import write_archive
from webapp.management.moving.second_database import make_tables, require_this_version, scratch_file
from webapp.management.moving.tables import all_models, count_rows
from webapp.management.moving.whole_copy import copy_everything


class Command(GradusCommand):
    help = (
        "Write database, uploads, releases, benchmark hashes and the generated secret into one tar file. It holds "
        "one moment of the database; nobody has to stop. manage.py restore reads it into SQLite or PostgreSQL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write the backup")
        parser.add_argument("--replace", action="store_true", help="write over a file of that name")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        if path.exists() and not options["replace"]:
            raise Rejected(f"{path} is there already; choose another name or add --replace", field="file")
        if not path.parent.is_dir():
            raise Rejected(f"there is no folder {path.parent}", field="file")
        require_this_version(connection, "This database")
        began = timezone.now()
        # Beside the archive: that is where there must be room anyhow.
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder:
            database = Path(folder) / "database.sqlite3"
            counts = snapshot(database)
            facts = {
                "gradus": settings.SPECTACULAR_SETTINGS["VERSION"],
                "made_at": began.isoformat(),
                "made_of": connection.vendor,
            }
            contents = write_archive(path, database, counts, facts)
        rows, files = sum(counts.values()), len(contents["files"])
        self.stdout.write(f"{path}: {rows:,} rows, {files:,} files, {path.stat().st_size:,} bytes.")


def snapshot(path: Path) -> dict[str, int]:
    """The database of one moment as an SQLite file; rows by table. Neither database's writers are held up."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with sqlite3.connect(path) as copy:
            connection.connection.backup(copy)
        copy.close()
    with scratch_file(path, "snapshot") as target:
        if connection.vendor == "sqlite":
            return {model._meta.db_table: count_rows(target, model) for model in all_models()}
        make_tables(target)
        return copy_everything(connection, target)
