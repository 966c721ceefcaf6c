"""Write what people have compared as a folder: data, card and manifest, complete or not at all.

As with a release of steps nothing in the files depends on the day they are written: the same settings, with the label
up to which is read, give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from annotate.consensus.preferences import comparing_criterion
from annotate.errors import Conflict
from annotate.export.card import Facts
from annotate.export.contracts import ComparedRow, ComparedSource, Format, SplitSettings, Written
from annotate.export.package import day_of, measures_of, new_folder, raters_as_json, sealed, version_of
from annotate.export.select.problems import Problems, sort_problems
from annotate.export.sides import compared_source
from annotate.models import Project


def write_compared(
    project: Project, layout: Format, settings: Any, out: Path, benchmarks: Path | None = None
) -> dict[str, Any]:
    """Write to ``out`` and answer the manifest. Raises ``Conflict`` when there would be no row.

    ``settings`` name the question and the label up to which is read.
    """
    criterion = comparing_criterion(project, settings.criterion)
    problems = sort_problems(project, settings, benchmarks)
    found = compared_source(criterion, settings.upto, is_anonymous=settings.is_anonymous)
    source, left_out = _sorted(found, problems, settings)
    with new_folder(out) as draft:
        written = layout.write(source, draft, settings)
        if not written.rows:
            raise Conflict(
                gettext("People agree on no preference by %(criterion)s, so there is nothing to write.")
                % {"criterion": criterion}
            )
        if settings.benchmarks:
            written = replace(written, counts=written.counts | {"known_from_benchmark": left_out.total()})
        selection = problems.as_json()
        facts = _facts(project, source, layout, settings, written, selection)
        return sealed(draft, facts, _manifest(project, source, layout, settings, written, selection))


def _sorted(
    source: ComparedSource, problems: Problems, settings: SplitSettings
) -> tuple[ComparedSource, Counter[str]]:
    """The source with its rows in their splits, and how many are left out, by benchmark."""
    left_out: Counter[str] = Counter()

    def rows() -> Iterator[ComparedRow]:
        left_out.clear()
        for row in source.rows():
            known = problems.known.get(row.problem)
            if known and settings.contaminated == "drop":
                left_out[known] += 1
            else:
                yield replace(row, split=problems.split_of(row.problem)) if problems.splits else row

    return replace(source, rows=rows), left_out


def _manifest(
    project: Project,
    source: ComparedSource,
    layout: Format,
    settings: Any,
    written: Written,
    selection: dict[str, Any],
) -> dict[str, Any]:
    return ({"selection": selection} if selection else {}) | {
        "format": layout.name,
        "format_version": layout.version,
        "settings": asdict(settings),
        "project": project.slug,
        "comparisons": {
            "criterion": source.criterion.key,
            "rubric": str(source.criterion.rubric),
            "upto": source.upto,
        },
        "raters": raters_as_json(source.raters),
        "counts": written.counts,
        "funnel": [],
    }


def _facts(
    project: Project,
    source: ComparedSource,
    layout: Format,
    settings: Any,
    written: Written,
    selection: dict[str, Any],
) -> Facts:
    return Facts(
        title=project.name,
        description=project.description,
        format_title=layout.title,
        task=layout.task,
        criterion=source.criterion.title,
        policy_title="More than half of the people who answered",
        policy={"min_votes": settings.min_votes, "min_share": settings.min_share, "upto": source.upto},
        settings=settings,
        rows=written.rows,
        splits=written.splits,
        raters=source.raters,
        measures=measures_of(project, source.criterion, source.raters),
        funnel=(),
        limits=layout.limits(settings),
        outcomes=written.counts,
        date=day_of(project, source.upto),
        version=version_of(layout, source.upto),
        items=written.counts["compared"],
        selection=selection,
        tags=("preference", "reasoning", "gradus"),
    )
