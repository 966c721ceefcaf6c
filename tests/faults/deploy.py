"""A new version goes live while people label: migrated under them, then the web server restarted without a hurry."""

from __future__ import annotations

import importlib
import pkgutil
import random
import subprocess
import sys
import time
from typing import Any

from tests.faults.installation import Installation
from tests.faults.scene import a_scene, counted_people, people_at_work
from tests.paths import REPOSITORY


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    scene = a_scene("deployed", n_problems=30 + 10 * round(seconds), n_each=1, n_people=3)
    web = site.parts["web"]
    if web.process is None or web.process.poll() is not None:
        web.start()
    web.wait()
    rounds = 0
    with people_at_work(scene, site.address) as readers:
        time.sleep(seconds / 4)
        ends = time.monotonic() + seconds / 2
        while not rounds or time.monotonic() < ends:
            for is_forwards in (False, True):
                _migrate_online(is_forwards)
            rounds += 1
        # As a deployment does it: this takes the triggers away and puts them back.
        migrated = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input"],
            cwd=REPOSITORY,
            env=site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        unanswered = sum(reader.said.unanswered for reader in readers)
        status = web.stop()
        web.start()
        web.wait()
        time.sleep(seconds / 4)
    counts = counted_people(readers)
    return counts | {
        "migrations there and back": rounds,
        "requests without an answer while migrating": unanswered,
        "requests broken off": sum(reader.said.broken for reader in readers),
        # An error that is not met by trying again; the migration and the server's end are seen by people as such too.
        "pages that failed": sum(reader.said.refused for reader in readers)
        + unanswered
        + (migrated.returncode != 0)
        + (status != 0),
    }


def online_migrations() -> list[Any]:
    """Those of the domain that are made for being run while people work, oldest first."""
    import annotate.migrations

    names = [found.name for found in pkgutil.iter_modules(annotate.migrations.__path__)]
    loaded = [
        (name, importlib.import_module(f"annotate.migrations.{name}").Migration)
        for name in sorted(names)
        if name[:4].isdecimal()
    ]
    return [migration(name, "annotate") for name, migration in loaded if not migration.atomic]


def _migrate_online(is_forwards: bool) -> None:
    """Run the operations of every such migration, by what it wrote itself.

    Not by ``migrate``, which would have to go back over whatever came after, and this code needs the columns of that.
    """
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    loader = MigrationExecutor(connection).loader
    migrations = online_migrations()
    for migration in migrations if is_forwards else reversed(migrations):
        before = loader.project_state(("annotate", migration.name), at_end=False)
        with connection.schema_editor(atomic=False) as editor:
            (migration.apply if is_forwards else migration.unapply)(before, editor)
