from __future__ import annotations

from pathlib import Path

from django.db.models import QuerySet

from annotate.enums import ReleaseState
from annotate.errors import NotAllowed
from annotate.export.package import MANIFEST
from annotate.models import Project, Release


def releases_of(project: Project) -> QuerySet[Release]:
    """The project's releases, newest first."""
    return Release.objects.filter(project=project).select_related("run", "created_by").order_by("-number")


def release_folder(release: Release, folder: Path) -> Path:
    """Where the files of a release lie below the folder of all releases."""
    return folder / release.path


def release_file(release: Release, name: str, folder: Path) -> Path:
    """One file of a published release by its path in the manifest; any other name is not found."""
    names = {file["path"] for file in release.manifest.get("files", ())} | {MANIFEST}
    path = release_folder(release, folder) / name
    if release.state != ReleaseState.PUBLISHED or name not in names or not path.is_file():
        raise NotAllowed
    return path
