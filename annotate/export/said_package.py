"""Write a project's labels as a folder: data, card and manifest, complete or not at all.

The settings name the newest label that is read: with it the same files can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from annotate.errors import Conflict
from annotate.export.card import Facts
from annotate.export.contracts import Format, LabelledRow, LabelSource, SplitSettings, Written
from annotate.export.package import day_of, measures_of, new_folder, raters_as_json, sealed, version_of
from annotate.export.said import label_source
from annotate.export.said_settings import placed
from annotate.export.select.problems import Problems, sort_problems
from annotate.models import Project


def write_said(
    project: Project, layout: Format, settings: Any, out: Path, benchmarks: Path | None = None
) -> dict[str, Any]:
    """Write to ``out`` and answer the manifest. Raises ``Conflict`` when there would be no row."""
    problems = Problems()
    if isinstance(settings, SplitSettings):
        problems = sort_problems(project, settings, benchmarks)
    whole = label_source(project, settings.upto, is_anonymous=settings.is_anonymous)
    left_out: set[str] = set()
    source = replace(whole, rows=lambda: _chosen(whole, problems, settings, left_out))
    with new_folder(out) as draft:
        written = layout.write(source, draft, settings)
        if not written.rows:
            raise Conflict(
                gettext("No label says anything that %(name)s could write.") % {"name": layout.name}
            )
        if problems.benchmarks:
            written = replace(written, counts=written.counts | {"traces_known_from_benchmark": len(left_out)})
        facts = _facts(source, layout, settings, written, problems)
        return sealed(draft, facts, _manifest(source, layout, settings, written, problems))


def _chosen(
    source: LabelSource, problems: Problems, settings: Any, left_out: set[str]
) -> Iterator[LabelledRow]:
    left_out.clear()
    for row in placed(source.rows(), problems.splits):
        if row.trace.problem in problems.known and settings.contaminated == "drop":
            left_out.add(row.trace.trace)
        else:
            yield row


def _manifest(
    source: LabelSource, layout: Format, settings: Any, written: Written, problems: Problems
) -> dict[str, Any]:
    selection = problems.as_json()
    return ({"selection": selection} if selection else {}) | {
        "format": layout.name,
        "format_version": layout.version,
        "settings": asdict(settings),
        "project": source.project.slug,
        "labels": {"rubric": str(source.project.rubric), "upto": source.upto},
        "raters": raters_as_json(source.raters),
        "counts": written.counts,
        "funnel": [],
    }


def _facts(source: LabelSource, layout: Format, settings: Any, written: Written, problems: Problems) -> Facts:
    project = source.project
    own = set(layout.settings.__dataclass_fields__) - set(SplitSettings.__dataclass_fields__)
    return Facts(
        title=project.name,
        description=project.description,
        format_title=layout.title,
        task=layout.task,
        criterion=", ".join(one.title for one in source.criteria),
        policy_title="No rule of consensus: labels as they stand",
        policy={name: getattr(settings, name) for name in sorted(own)} | {"rubric": str(project.rubric)},
        settings=settings,
        rows=written.rows,
        splits=written.splits,
        raters=source.raters,
        measures=tuple(
            measure for one in source.criteria for measure in measures_of(project, one, source.raters)
        ),
        funnel=(),
        limits=layout.limits(settings),
        outcomes=written.counts,
        date=day_of(project, source.upto),
        version=version_of(layout, source.upto),
        selection=problems.as_json(),
        tags=("reasoning", "step-level-labels", "gradus"),
    )
