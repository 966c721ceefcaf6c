"""Write a release as a folder: data, card and manifest, complete or not at all.

Nothing in the files depends on the day or the place they are written: the same run and settings give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from annotate.consensus.funnel import FunnelRow, as_json
from annotate.consensus.queries import funnel_of
from annotate.consensus.registry import get_policy
from annotate.errors import Conflict
from annotate.export.card import Facts, Measure, render_card
from annotate.export.contracts import ExportSettings, Format, RaterRow, SelectSettings, Source, Written
from annotate.export.croissant import NAME as CROISSANT
from annotate.export.croissant import render_croissant
from annotate.export.rows import n_recut, source_of
from annotate.export.select.traces import select
from annotate.export.tiers import limits_of_tiers
from annotate.garbage import rarely_collected
from annotate.models import Criterion, Estimate, Label, Project, Run

MANIFEST = "manifest.json"
CARD = "README.md"


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` that takes its name when the block ends well and vanishes when it does not.

    Raises ``Conflict`` when ``out`` is there already with something in it.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Conflict(f"{out} is there already and not empty. Name a new or empty folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.parent / f".{out.name}.{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
        draft.rename(out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_package(
    run: Run, layout: Format, settings: SelectSettings, out: Path, benchmarks: Path | None = None
) -> dict[str, Any]:
    """Write the run to ``out`` and answer its manifest. Raises ``Conflict`` when there would be no row.

    ``benchmarks`` is the folder of hash lists that the settings may name.
    """
    selection = select(run, settings, benchmarks)
    source = selection.of(source_of(run, is_anonymous=settings.is_anonymous, with_meta=layout.reads_meta))
    with new_folder(out) as draft, rarely_collected():
        written = layout.write(source, draft, settings)
        if not written.rows:
            told = f" {_recut_sentence(n_left)}" if (n_left := n_recut(run)) else ""
            raise Conflict(f"Run {run.pk} kept nothing that {layout.name} could write.{told}")
        funnel = [*funnel_of(run), *selection.funnel(), *written.funnel]
        chosen = selection.as_json()
        facts = _facts(source, layout, settings, written, funnel, chosen)
        return sealed(draft, facts, _manifest(source, layout, settings, written, funnel, chosen))


def sealed(draft: Path, facts: Facts, manifest: dict[str, Any]) -> dict[str, Any]:
    """Put the card, its form for machines and the manifest beside the data; the manifest with every file's sum."""
    (draft / CARD).write_text(render_card(facts), encoding="utf-8", newline="\n")
    croissant = render_croissant(facts, draft, files_in(draft))
    (draft / CROISSANT).write_text(croissant, encoding="utf-8", newline="\n")
    whole = manifest | {"files": files_in(draft)}
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    (draft / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return whole


def differences(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """The files below ``folder`` that are missing, extra or not as the manifest says."""
    expected = {file["path"]: file for file in manifest["files"]}
    found = {file["path"]: file for file in files_in(folder) if file["path"] != MANIFEST}
    return sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))


def files_in(folder: Path) -> list[dict[str, Any]]:
    return [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(
    source: Source,
    layout: Format,
    settings: ExportSettings,
    written: Written,
    funnel: list[FunnelRow],
    selection: dict[str, Any],
) -> dict[str, Any]:
    run = source.run
    told = {"selection": selection} if selection else {}
    return (
        told
        | {
            "format": layout.name,
            "format_version": layout.version,
            "settings": asdict(settings),
            "project": run.project.slug,
            "consensus": {
                "run": run.pk,
                "policy": run.name,
                "version": run.summary.get("version"),
                "settings": _published(run.settings, source.raters),
                "criterion": run.criterion.key,
                "rubric": str(run.criterion.rubric),
            },
            "raters": raters_as_json(source.raters),
            "counts": written.counts,
            "funnel": as_json(funnel),
        }
        | ({"learned": run.summary["learned"]} if "learned" in run.summary else {})
        | ({"traces_recut": n_left} if (n_left := n_recut(run)) else {})
    )


def raters_as_json(raters: tuple[RaterRow, ...]) -> list[dict[str, Any]]:
    return [
        {"rater": r.name, "kind": r.kind, "is_simulated": r.is_simulated, "labels": r.labels} for r in raters
    ]


def _facts(
    source: Source,
    layout: Format,
    settings: SelectSettings,
    written: Written,
    funnel: list[FunnelRow],
    selection: dict[str, Any],
) -> Facts:
    run = source.run
    policy = {"policy": run.name, "version": run.summary.get("version"), "run": run.pk}
    return Facts(
        title=run.project.name,
        description=run.project.description,
        format_title=layout.title,
        task=layout.task,
        criterion=run.criterion.title,
        policy_title=get_policy(run.name).title,
        policy=policy | _published(run.settings, source.raters),
        settings=settings,
        rows=written.rows,
        splits=written.splits,
        raters=source.raters,
        measures=measures_of(source.run.project, source.run.criterion, source.raters),
        funnel=tuple(funnel),
        items=funnel[0].steps if funnel else 0,
        date=run.finished_at.date().isoformat() if run.finished_at else "",
        version=version_of(layout, run.pk),
        selection=selection,
        limits=(
            *limits_of_tiers(settings),
            *layout.limits(settings),
            *([_recut_sentence(n_left)] if (n_left := n_recut(run)) else []),
        ),
    )


def version_of(layout: Format, of: int) -> str:
    """As semantic versioning wants it. ``of`` is the consensus that was written, or the newest label."""
    return f"{layout.version}.{of}.0"


def day_of(project: Project, upto: int) -> str:
    """The day of the newest label that is read, and empty where there is none."""
    labels = Label.objects.filter(rater__project=project, pk__lte=upto).order_by("-pk")
    newest = labels.values_list("created_at", flat=True).first()
    return newest.date().isoformat() if newest else ""


def _recut_sentence(n: int) -> str:
    return (
        f"{n} trace{'s are' if n != 1 else ' is'} left out: steps of {'them' if n != 1 else 'it'} were split or merged"
        " after the consensus had decided. Another consensus includes such traces."
    )


def _published(settings: Any, raters: tuple[RaterRow, ...]) -> Any:
    """The settings with raters under their published names: a policy may have been told a person's."""
    names = {rater.own_name: rater.name for rater in raters}
    if isinstance(settings, dict):
        return {key: _published(value, raters) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [_published(value, raters) for value in settings]
    return names.get(settings, settings) if isinstance(settings, str) else settings


def measures_of(project: Project, criterion: Criterion, raters: tuple[RaterRow, ...]) -> tuple[Measure, ...]:
    """Estimates about the criterion as a whole and about the raters that spoke; others stay unnamed."""
    names = {rater.pk: rater.name for rater in raters}
    found = Estimate.objects.filter(project=project, criterion=criterion)
    return tuple(
        Measure(e.name, names[e.rater_id] if e.rater_id else "all", e.value, e.low, e.high, e.n)
        for e in found.order_by("rater_id", "name")
        if e.rater_id is None or e.rater_id in names
    )
