from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import AssignmentState, Purpose, Scope

from .corpus import Pair
from .lineup import Lineup
from .project import Project
from .rater import Rater


class Comparison(models.Model):
    """One wanted comparison of one pair or lineup: a numbered slot with at most one holder.

    The lease is the assignment's: it lives in the row, and ``token`` rises with every claim. ``luck`` is the order: a
    number that only the project's seed and the name of what is compared decide.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="comparisons")
    pair = models.ForeignKey(
        Pair, null=True, blank=True, on_delete=models.CASCADE, related_name="comparisons"
    )
    lineup = models.ForeignKey(
        Lineup, null=True, blank=True, on_delete=models.CASCADE, related_name="comparisons"
    )
    slot = models.PositiveSmallIntegerField()
    luck = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=AssignmentState.choices, default=AssignmentState.OPEN)
    holder = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.RESTRICT, related_name="comparisons"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(default=0)
    # What the traces ask of whoever compares them, one to a line, in alphabetical order.
    skill = models.CharField(max_length=810, blank=True)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.WORK)
    # Known once submitted: agreement with the key, where there is one.
    score = models.FloatField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("luck", "slot", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(pair__isnull=False, lineup__isnull=True)
                | Q(pair__isnull=True, lineup__isnull=False),
                name="comparison_of_a_pair_or_a_lineup",
            ),
            models.UniqueConstraint(
                fields=("pair", "slot"), condition=Q(pair__isnull=False), name="comparison_slot_once_per_pair"
            ),
            models.UniqueConstraint(
                fields=("lineup", "slot"),
                condition=Q(lineup__isnull=False),
                name="comparison_slot_once_per_lineup",
            ),
            models.UniqueConstraint(
                fields=("pair", "holder"),
                condition=Q(pair__isnull=False, holder__isnull=False),
                name="comparison_once_per_pair_and_holder",
            ),
            models.UniqueConstraint(
                fields=("lineup", "holder"),
                condition=Q(lineup__isnull=False, holder__isnull=False),
                name="comparison_once_per_lineup_and_holder",
            ),
            models.UniqueConstraint(
                fields=("holder",),
                condition=Q(state=AssignmentState.HELD),
                name="comparison_one_held_per_holder",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AssignmentState.values), name="comparison_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=(Purpose.WORK, Purpose.GOLD)), name="comparison_purpose_is_known"
            ),
            models.CheckConstraint(
                name="comparison_lease_matches_state",
                condition=Q(state=AssignmentState.OPEN, holder__isnull=True, held_until__isnull=True)
                | Q(state=AssignmentState.HELD, holder__isnull=False, held_until__isnull=False)
                | Q(
                    state__in=(
                        AssignmentState.SUBMITTED,
                        AssignmentState.SKIPPED,
                        AssignmentState.RETURNED,
                    ),
                    holder__isnull=False,
                    held_until__isnull=True,
                ),
            ),
        )
        indexes = (
            models.Index(fields=("project", "state", "luck", "slot"), name="comparison_queue"),
            models.Index(fields=("project", "skill"), name="comparison_by_skill"),
        )

    def __str__(self) -> str:
        return f"{'lineup' if self.lineup_id else 'pair'} {self.lineup_id or self.pair_id}/{self.slot}"

    @property
    def scope(self) -> Scope:
        return Scope.LINEUP if self.lineup_id else Scope.PAIR

    @property
    def subject(self) -> dict[str, int]:
        """What is compared, as the lookup that finds all about it: a pair's id, or a lineup's."""
        if self.lineup_id is not None:
            return {"lineup_id": self.lineup_id}
        assert self.pair_id is not None
        return {"pair_id": self.pair_id}
