"""``manage.py restore FILE``: a backup into this site, which must be empty."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from webapp.management.base import GradusCommand
from webapp.management.moving.archive import KEY, Archive
from webapp.management.moving.second_database import (
    bring_up_to_date,
    make_ready,
    require_empty,
    require_this_version,
    scratch_file,
)
from webapp.management.moving.whole_copy import copy_everything


class Command(GradusCommand):
    help = (
        "Read a backup into the empty database of DATABASE_URL, SQLite or PostgreSQL, and its files into empty "
        "folders. A backup of an earlier version is brought up to this one on the way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that backup wrote")
        parser.add_argument("--check", action="store_true", help="only say whether the file is whole")

    def handle(self, *args: Any, **options: Any) -> None:
        archive = Archive.opened(options["file"])
        made = f"{archive.contents['made_at']}, of {archive.contents['made_of']}"
        if options["check"]:
            self.stdout.write(f"Whole: {sum(archive.contents['rows'].values()):,} rows, made {made}.")
            return
        require_empty(connection)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.HOME) as folder:
            database = archive.unpack_database(Path(folder))
            with scratch_file(database, "backup") as source:
                bring_up_to_date(database, source)
                require_this_version(source, "The backup")
                make_ready(connection, "This database")
                with archive.unpacked_files() as n_files:
                    counts = copy_everything(source, connection)
        self.stdout.write(f"{sum(counts.values()):,} rows and {n_files:,} files are back, as of {made}.")
        self._say_of_the_key(archive.key())

    def _say_of_the_key(self, key: str) -> None:
        if not key or key == settings.SECRET_KEY:
            return
        kept = Path(settings.HOME) / KEY
        if os.environ.get("GRADUS_SECRET_KEY") or os.environ.get("GRADUS_SECRET_KEY_FILE"):
            self.stdout.write(
                "This site has a secret of its own: everybody signs in anew, invitations by link hold no more,"
                " second factors have to be removed and set up again, and hidden gold comes at other places."
            )
            return
        draft = kept.with_name(f".{KEY}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key)
        draft.replace(kept)
        self.stdout.write("The site's secret is back as well; restart whatever runs already.")
