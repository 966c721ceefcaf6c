"""What it stands on: versions, disks, the database and its migrations."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

PACKAGES = (
    *("django", "djangorestframework", "celery", "kombu", "psycopg", "gunicorn", "whitenoise", "numpy"),
    *("httpx2", "huggingface-hub", "transformers", "vllm"),
)
# Below either a disk is nearly full.
LEAST_SHARE, LEAST_BYTES = 0.10, 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of a folder; ``free`` and ``total`` in bytes."""

    folder: str
    free: int
    total: int

    @property
    def is_nearly_full(self) -> bool:
        return self.free < LEAST_BYTES or self.free < LEAST_SHARE * self.total

    @property
    def percent_free(self) -> int:
        return 100 * self.free // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Database:
    """``size`` in bytes, None where the database does not say; ``waiting`` are migrations still to be applied."""

    name: str
    version: str
    size: int | None
    waiting: list[str]


def versions() -> dict[str, str]:
    """What is installed where this page is made; workers say their own version of Gradus."""
    found = {"Gradus": settings.VERSION, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def disks() -> list[Disk]:
    """One for each file system, by the first of the folders that lies on it."""
    found: dict[int, Disk] = {}
    for folder in (settings.HOME, settings.UPLOADS_DIR, settings.RELEASES_DIR):
        place = _there(Path(folder))
        device = place.stat().st_dev
        if device not in found:
            usage = shutil.disk_usage(place)
            found[device] = Disk(str(folder), usage.free, usage.total)
    return list(found.values())


def database() -> Database:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            said, size = cursor.fetchone()
            name = "PostgreSQL"
        else:
            cursor.execute("SELECT sqlite_version()")
            (said,) = cursor.fetchone()
            name, size = "SQLite", _size_of_files(str(connection.settings_dict["NAME"]))
    waiting = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    return Database(name, str(said), size, waiting)


def _size_of_files(name: str) -> int | None:
    """The file, and the one beside it in which what was written last still stands."""
    files = [Path(name), Path(f"{name}-wal")]
    sizes = [one.stat().st_size for one in files if one.is_file()]
    return sum(sizes) if sizes else None


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())
