from __future__ import annotations

import pytest

from annotate.enums import ReleaseState
from annotate.errors import NotAllowed
from annotate.export.actions import build_release
from annotate.export.queries import release_file, releases_of
from annotate.models import Release
from tests.annotate.export.decided import a_decided_project

pytestmark = pytest.mark.django_db


def test_only_files_of_the_manifest_are_found(tmp_path):
    decided = a_decided_project(whole=("g", "g"))
    release = build_release(decided.project, folder=tmp_path, format="trl_stepwise")
    (tmp_path / "secret").write_text("secret")

    assert release_file(release, "data/train.jsonl", tmp_path).is_file()
    assert release_file(release, "manifest.json", tmp_path).is_file()
    for name in ("../secret", "../../secret", "/etc/passwd", "", "data", "data/other.jsonl"):
        with pytest.raises(NotAllowed):
            release_file(release, name, tmp_path)


def test_a_failed_release_has_no_files(tmp_path):
    decided = a_decided_project(whole=("g", "g"))
    release = Release.objects.create(
        project=decided.project,
        number=1,
        run=decided.run,
        format="parquet",
        state=ReleaseState.FAILED,
        path="sums/1",
    )
    (tmp_path / "sums/1").mkdir(parents=True)
    (tmp_path / "sums/1/manifest.json").write_text("{}")

    with pytest.raises(NotAllowed):
        release_file(release, "manifest.json", tmp_path)


def test_releases_come_newest_first(tmp_path):
    decided = a_decided_project(whole=("g", "g"))
    for _ in range(2):
        build_release(decided.project, folder=tmp_path, format="parquet")

    assert [release.number for release in releases_of(decided.project)] == [2, 1]
