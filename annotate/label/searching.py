"""Labels of a project that are looked for by who said them, about what, and whether they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Min, OuterRef, QuerySet, Subquery

from annotate.models import Criterion, Label, Project, Rater


@dataclass(frozen=True)
class LabelSearch:
    """What is looked for, empty where it does not matter: a rater's name and kind, a criterion's key, a position."""

    project: Project
    is_live: bool = True
    rater_kind: str = ""
    rater: str = ""
    criterion: str = ""
    step: int | None = None

    @cached_property
    def raters(self) -> QuerySet[Rater]:
        found = Rater.objects.filter(project=self.project).order_by()
        found = found.filter(kind=self.rater_kind) if self.rater_kind else found
        return found.filter(name=self.rater) if self.rater else found

    @cached_property
    def only(self) -> int | None:
        """The one rater that is meant; None: they are several, or none."""
        found = list(self.raters.values_list("pk", flat=True)[:2])
        return found[0] if len(found) == 1 else None

    def wanted(self) -> QuerySet[Label]:
        labels = Label.objects.filter(is_live=self.is_live)
        if self.criterion:
            # Keys first: one that no version of the rubric has is not looked for among millions of labels.
            known = Criterion.objects.filter(rubric__project=self.project, key=self.criterion)
            keys = list(known.values_list("pk", flat=True))
            labels = labels.filter(criterion__in=keys) if keys else labels.none()
        if self.step is not None:
            labels = labels.filter(step__position=self.step)
        return labels.filter(rater=self.only) if self.only else labels.filter(rater__in=self.raters)

    def among(self) -> QuerySet[Label]:
        """What they lie among, along an index: one rater's labels, or everybody's."""
        if self.wanted().query.is_empty():
            return Label.objects.none()
        return Label.objects.filter(rater=self.only) if self.only else Label.objects.all()

    def nearest(self) -> Callable[[int | None], int | None] | None:
        """Over the labels of other projects, and of raters of other kinds: where the next by any of them is."""
        return None if self.only else self._nearest

    def _nearest(self, after: int | None) -> int | None:
        theirs = Label.objects.filter(rater=OuterRef("pk"), pk__gt=after or 0).order_by("pk")
        nearest = self.raters.annotate(nearest=Subquery(theirs.values("pk")[:1]))
        found: int | None = nearest.aggregate(first=Min("nearest"))["first"]
        return found
