"""What is backed up comes back, from either database into either."""

from __future__ import annotations

import tarfile
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from annotate.models import Label, Project, Release, Trace
from tests.factories import a_label, a_project, a_rater, a_trace
from tests.webapp.management.moving.databases import an_empty_postgres, everything_at, everything_in, manage
from tests.webapp.world import World, a_world
from webapp.management.moving.second_database import database_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    home = tmp_path / "site"
    home.mkdir()
    settings.HOME = home
    settings.UPLOADS_DIR, settings.RELEASES_DIR = home / "uploads", home / "releases"
    settings.BENCHMARKS_DIR = home / "benchmarks"
    (home / "secret_key").write_text("known-to-nobody")
    return a_world(settings.RELEASES_DIR)


def backup(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("backup", str(path), *options, stdout=out)
    return out.getvalue()


def files_under(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] in ("uploads", "releases", "benchmarks")
    }


@pytest.mark.needs_postgres
def test_a_site_comes_back_by_way_of_both_databases(world, settings, tmp_path: Path) -> None:
    before, files = everything_at("default"), files_under(settings.HOME)
    assert any(name.startswith("uploads/") for name in files)
    assert any(name.startswith("releases/") for name in files)
    backup(tmp_path / "one.tar")
    assert (tmp_path / "one.tar").stat().st_mode & 0o777 == 0o600

    second, third = tmp_path / "second", tmp_path / "third"
    with an_empty_postgres() as url:
        said = manage("restore", str(tmp_path / "one.tar"), url=url, home=second)
        assert everything_in(url) == before
        manage("backup", str(tmp_path / "two.tar"), url=url, home=second)
    assert "secret is back" in said
    sqlite = f"sqlite:///{third / 'gradus.sqlite3'}"
    manage("restore", str(tmp_path / "two.tar"), url=sqlite, home=third)

    assert everything_in(sqlite) == before
    assert files_under(second) == files_under(third) == files
    assert (third / "secret_key").read_text() == "known-to-nobody"
    release = Release.objects.first()
    assert release is not None
    assert (third / "releases" / release.path).is_dir()


def test_a_backup_that_broke_off_or_was_changed_is_known(world, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar"
    backup(whole)
    out = StringIO()
    call_command("restore", str(whole), "--check", stdout=out)
    assert "Whole: " in out.getvalue()

    content = whole.read_bytes()
    (tmp_path / "half.tar").write_bytes(content[: len(content) // 2])
    with pytest.raises(CommandError, match="is no backup, or only a part of one"):
        call_command("restore", str(tmp_path / "half.tar"))
    with tarfile.open(whole) as tar:
        place = tar.getmember("database.sqlite3").offset_data + 5000
    (tmp_path / "other.tar").write_bytes(content[:place] + b"?" + content[place + 1 :])
    with pytest.raises(CommandError, match=r"is damaged: database\.sqlite3"):
        call_command("restore", str(tmp_path / "other.tar"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("restore", str(tmp_path / "absent.tar"))


def test_nothing_is_written_over(world, settings, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar"
    backup(whole)
    with pytest.raises(CommandError, match="is there already"):
        backup(whole)
    backup(whole, "--replace")
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", str(whole))
    call_command("flush", verbosity=0, interactive=False)
    with pytest.raises(CommandError, match="holds something already"):
        call_command("restore", str(whole))
    assert everything_at("default")["annotate_project"] == []
    assert files_under(settings.HOME)


class Labelling(threading.Thread):
    """Brings in traces, each with its label, until told to stop; ``told`` are those that were acknowledged."""

    def __init__(self, project: Project) -> None:
        super().__init__(daemon=True)
        self.rater, self.project = a_rater(project), project
        self.told = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                with transaction.atomic():
                    a_label(self.rater, a_trace(self.project, n_steps=1).steps.get(), "good")
                self.told += 1
        finally:
            connection.close()


def test_a_backup_holds_one_moment_while_people_go_on(settings, tmp_path: Path) -> None:
    settings.HOME = settings.UPLOADS_DIR = settings.RELEASES_DIR = settings.BENCHMARKS_DIR = tmp_path / "none"
    people = Labelling(a_project())
    people.start()
    moments = []
    for n in range(3):
        while people.told < (n + 1) * 5:
            assert people.is_alive()
        before = people.told
        backup(tmp_path / f"{n}.tar")
        moments.append((before, people.told))
    people.is_over.set()
    people.join()

    for n, (before, after) in enumerate(moments):
        with tarfile.open(tmp_path / f"{n}.tar") as tar:
            tar.extract("database.sqlite3", tmp_path / str(n), filter="data")
        with database_at(f"sqlite:///{tmp_path / str(n) / 'database.sqlite3'}", "moment"):
            traces = set(Trace.objects.using("moment").values_list("pk", flat=True))
            labelled = set(Label.objects.using("moment").values_list("step__trace", flat=True))
        assert traces == labelled
        # What was acknowledged before is in it; one more may have been written and not yet been told of.
        assert before <= len(traces) <= after + 1
