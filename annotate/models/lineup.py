from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import USES_OF_COMPARED, Purpose

from .corpus import Problem, Trace
from .project import Project

# Fewer are a pair, and more than nobody keeps in mind at once. Each stands at a place, which a letter names.
FEWEST, MOST = 3, 8
LETTERS = "abcdefgh"


class Lineup(models.Model):
    """Some traces of one problem, to be put in order by whoever is asked. What is in it never changes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="lineups")
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="lineups")
    external_id = models.CharField(max_length=200)
    size = models.PositiveSmallIntegerField()
    use = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.WORK)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(use__in=USES_OF_COMPARED), name="lineup_use_is_known"),
            models.UniqueConstraint(fields=("project", "external_id"), name="lineup_external_id_once"),
            models.CheckConstraint(
                condition=Q(size__gte=FEWEST, size__lte=MOST), name="lineup_of_three_to_eight"
            ),
        )
        indexes = (
            models.Index(fields=("project", "use"), condition=~Q(use=Purpose.WORK), name="lineup_set_apart"),
        )

    def __str__(self) -> str:
        return self.external_id


class Entrant(models.Model):
    """One trace of a lineup at its place, from 0. The order of the places is a coin's and means nothing."""

    lineup = models.ForeignKey(Lineup, on_delete=models.CASCADE, related_name="entrants")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("lineup", "place")
        constraints = (
            models.UniqueConstraint(fields=("lineup", "place"), name="entrant_place_once_per_lineup"),
            models.UniqueConstraint(fields=("lineup", "trace"), name="entrant_once_per_lineup"),
            models.CheckConstraint(condition=Q(place__lt=MOST), name="entrant_place_has_a_letter"),
        )

    def __str__(self) -> str:
        return f"{self.lineup_id}{self.letter}"

    @property
    def letter(self) -> str:
        return LETTERS[self.place]
