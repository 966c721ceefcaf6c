"""Write what people have compared as a folder: data, card and manifest, complete or not at all.

As with a release of steps nothing in the files depends on the day they are written: the same settings, with the label
up to which is read, give the same bytes.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from annotate.consensus.preferences import comparing_criterion
from annotate.errors import Conflict
from annotate.export.card import Facts, render_card
from annotate.export.contracts import ComparedSource, Format, Written
from annotate.export.package import measures_of, new_folder, raters_as_json, sealed
from annotate.export.sides import compared_source
from annotate.models import Project


def write_compared(project: Project, layout: Format, settings: Any, out: Path) -> dict[str, Any]:
    """Write to ``out`` and answer the manifest. Raises ``Conflict`` when there would be no row.

    ``settings`` name the question and the label up to which is read.
    """
    criterion = comparing_criterion(project, settings.criterion)
    source = compared_source(criterion, settings.upto, is_anonymous=settings.is_anonymous)
    with new_folder(out) as draft:
        written = layout.write(source, draft, settings)
        if not written.rows:
            raise Conflict(
                gettext("People agree on no preference by %(criterion)s, so there is nothing to write.")
                % {"criterion": criterion}
            )
        card = render_card(_facts(project, source, layout, settings, written))
        return sealed(draft, card, _manifest(project, source, layout, settings, written))


def _manifest(
    project: Project, source: ComparedSource, layout: Format, settings: Any, written: Written
) -> dict[str, Any]:
    return {
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
    project: Project, source: ComparedSource, layout: Format, settings: Any, written: Written
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
        tags=("preference", "reasoning", "gradus"),
    )
