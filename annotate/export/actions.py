from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from annotate.consensus.preferences import comparing_criterion, newest_label
from annotate.consensus.queries import latest_consensus
from annotate.enums import NoticeEvent, ReleaseState, RunKind, RunState
from annotate.errors import Conflict, GradusError, Rejected
from annotate.export.changes import changes_between, release_before
from annotate.export.compared_package import write_compared
from annotate.export.contracts import ExportSettings, Format, SelectSettings
from annotate.export.package import differences, new_folder, write_package
from annotate.export.queries import release_folder
from annotate.export.registry import get_format
from annotate.export.said import newest_of
from annotate.export.said_package import write_said
from annotate.export.select.benchmarks import read_benchmark
from annotate.export.tiers import check_tiers
from annotate.models import Person, Project, Release, Run
from annotate.notices.announcing import announce
from annotate.settings import build_settings


def build_release(
    project: Project,
    *,
    folder: Path,
    format: str,  # the word the model and the command use too
    run: Run | None = None,
    settings: Mapping[str, Any] | None = None,
    created_by: Person | None = None,
    benchmarks: Path | None = None,
    key: str = "",
    takes_up: bool = False,
) -> Release:
    """Number a release, write its files below ``folder`` and publish it; from then on it cannot change.

    ``benchmarks`` is the folder of hash lists that the settings may name. Asked for twice with one ``key``, eight or
    more characters that nothing else was asked for with, the release of the first time is answered and nothing is
    written. ``takes_up``: whoever was at it is known to have stopped, and an unfinished one is given up for another.

    ``run`` None means the newest finished consensus; a format of what people have compared, or of labels, has none.
    What is wrong with the request is raised before there is a release; what goes wrong while writing is raised too,
    and leaves a failed release without files. Callers are the operator and managers.
    """
    layout, chosen = _checked(format, settings, benchmarks)
    source: Run | None = None
    if layout.reads != "consensus":
        chosen = _upto_now(project, run, layout, chosen)
    else:
        source = _consensus_run(project, run)
        _check(source, layout, chosen)
    key = key or secrets.token_hex(4)
    release, is_new = _open_release(project, source, layout, chosen, created_by, key, takes_up)
    if not is_new:
        return release
    out = release_folder(release, folder)
    try:
        manifest = _write(project, source, layout, chosen, out, benchmarks)
        before = release_before(release)
        _publish(release, manifest, changes_between(before, release, manifest) if before else {})
    except Exception as error:
        shutil.rmtree(out, ignore_errors=True)
        _fail(release, error)
        raise
    return release


def _check(run: Run, layout: Format, chosen: Any) -> None:
    layout.check(run, chosen)
    if isinstance(chosen, SelectSettings):
        check_tiers(run, layout, chosen)


def export_run(
    run: Run,
    out: Path,
    *,
    format: str,
    settings: Mapping[str, Any] | None = None,
    benchmarks: Path | None = None,
) -> dict[str, Any]:
    """Write a consensus run to the new or empty folder ``out`` and answer its manifest; nothing is recorded."""
    layout, chosen = _checked(format, settings, benchmarks)
    if layout.reads != "consensus":
        raise Rejected(gettext("%(name)s is not made from a consensus.") % {"name": format}, field="format")
    source = _consensus_run(run.project, run)
    _check(source, layout, chosen)
    return write_package(source, layout, chosen, out, benchmarks)


def export_project(
    project: Project,
    out: Path,
    *,
    format: str,
    settings: Mapping[str, Any] | None = None,
    benchmarks: Path | None = None,
) -> dict[str, Any]:
    """Write what people have compared, or a project's labels, to the new or empty folder ``out``; the manifest.

    Nothing is recorded.
    """
    layout, chosen = _checked(format, settings, benchmarks)
    chosen = _upto_now(project, None, layout, chosen)
    return _write(project, None, layout, chosen, out, benchmarks)


def export_release(release: Release, out: Path, *, folder: Path) -> dict[str, Any]:
    """Copy a published release from ``folder`` to the new or empty folder ``out``, byte for byte."""
    if release.state != ReleaseState.PUBLISHED:
        raise Conflict(
            gettext("Release %(number)s is %(state)s, not published.")
            % {"number": release.number, "state": release.get_state_display().lower()}
        )
    stored = release_folder(release, folder)
    if not stored.is_dir():
        raise Conflict(
            gettext("The files of release %(number)s are no longer at %(stored)s.")
            % {"number": release.number, "stored": stored}
        )
    with new_folder(out) as draft:
        shutil.copytree(stored, draft, dirs_exist_ok=True)
        if changed := differences(draft, release.manifest):
            raise Conflict(
                gettext("Release %(number)s is not as it was published: %(changed)s.")
                % {"number": release.number, "changed": ", ".join(changed)}
            )
    return dict(release.manifest)


def settings_for(layout: Format, values: Mapping[str, Any], benchmarks: Path | None = None) -> Any:
    """The format's settings; ``Rejected`` names the field that does not fit, or that the format cannot say."""
    chosen = build_settings(layout.settings, values)
    if getattr(chosen, "weighting", "none") != "none" and not layout.holds_weights:
        raise Rejected(
            gettext("%(name)s has no room for weights.") % {"name": layout.name}, field="weighting"
        )
    for name in getattr(chosen, "benchmarks", ()):
        read_benchmark(name, benchmarks)
    return chosen


def check_request(
    project: Project, *, format: str, values: Mapping[str, Any], benchmarks: Path | None
) -> None:
    """Raise what a worker would refuse later, out of everybody's sight."""
    layout = get_format(format)
    chosen = settings_for(layout, values, benchmarks)
    layout.check(_consensus_run(project, None) if layout.reads == "consensus" else project, chosen)


def _checked(format: str, settings: Mapping[str, Any] | None, benchmarks: Path | None) -> tuple[Format, Any]:
    layout = get_format(format)
    return layout, settings_for(layout, settings or {}, benchmarks)


def _upto_now(project: Project, run: Run | None, layout: Format, chosen: Any) -> Any:
    """The settings with the newest label named, so that the same can be written again later."""
    if run is not None or layout.reads == "consensus":
        raise Rejected(
            gettext("%(name)s is not made from a consensus.") % {"name": layout.name}
            if run
            else gettext("%(name)s is made from a consensus.") % {"name": layout.name},
            field="run" if run else "format",
        )
    layout.check(project, chosen)
    if layout.reads == "labels":
        return replace(chosen, upto=chosen.upto or newest_of(project))
    criterion = comparing_criterion(project, chosen.criterion)
    return replace(chosen, criterion=criterion.key, upto=chosen.upto or newest_label(criterion))


def _write(
    project: Project, run: Run | None, layout: Format, chosen: Any, out: Path, benchmarks: Path | None
) -> dict[str, Any]:
    if run is not None:
        return write_package(run, layout, chosen, out, benchmarks)
    write = write_said if layout.reads == "labels" else write_compared
    return write(project, layout, chosen, out, benchmarks)


def _consensus_run(project: Project, run: Run | None) -> Run:
    found = run or latest_consensus(project)
    if found is None:
        raise Conflict(gettext("There is no consensus to export. Run one first."))
    if found.project_id != project.pk or found.kind != RunKind.CONSENSUS:
        raise Rejected(
            gettext("run %(pk)s is no consensus of %(project)s.") % {"pk": found.pk, "project": project},
            field="run",
        )
    if found.state != RunState.DONE:
        raise Conflict(
            gettext("Run %(pk)s is %(state)s; only a finished one can be exported.")
            % {"pk": found.pk, "state": found.get_state_display().lower()}
        )
    return found


@transaction.atomic
def _open_release(
    project: Project,
    run: Run | None,
    layout: Format,
    settings: ExportSettings,
    created_by: Person | None,
    key: str,
    takes_up: bool,
) -> tuple[Release, bool]:
    # The project's row is the queue for its numbers.
    project = Project.objects.select_for_update().get(pk=project.pk)
    known = project.releases.filter(path__endswith=f"-{key}").first()
    if known is not None and takes_up and known.state == ReleaseState.BUILDING:
        mine = Release.objects.filter(pk=known.pk)
        mine.update(state=ReleaseState.FAILED, error=gettext("Its worker stopped."))
    elif known is not None:
        return known, False
    newest = project.releases.aggregate(newest=Max("number"))["newest"] or 0
    number = newest + 1
    release = Release.objects.create(
        project=project,
        number=number,
        run=run,
        format=layout.name,
        settings=asdict(settings),
        # A name no folder left over from another database can have.
        path=f"{project.slug}/{number}-{key}",
        created_by=created_by,
    )
    return release, True


@transaction.atomic
def _publish(release: Release, manifest: dict[str, Any], changes: dict[str, Any]) -> None:
    release.manifest = manifest
    release.changes = changes
    release.funnel = {"rows": manifest["funnel"], "counts": manifest["counts"]}
    release.state = ReleaseState.PUBLISHED
    release.published_at = timezone.now()
    release.save(update_fields=["manifest", "funnel", "changes", "state", "published_at"])
    _announce(release, NoticeEvent.RELEASE_FINISHED)


@transaction.atomic
def _fail(release: Release, error: Exception) -> None:
    said = str(error) if isinstance(error, GradusError) else f"{type(error).__name__}: {error}"
    Release.objects.filter(pk=release.pk).update(state=ReleaseState.FAILED, error=said)
    _announce(release, NoticeEvent.RELEASE_FAILED)


def _announce(release: Release, event: NoticeEvent) -> None:
    facts: dict[str, Any] = {"release": release.pk, "number": release.number, "format": release.format}
    announce(release.project_id, event, key=f"release:{release.pk}", **facts)
