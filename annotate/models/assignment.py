from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import AssignmentState

from .corpus import Trace
from .project import Project
from .rater import Rater


class Assignment(models.Model):
    """One wanted reading of one trace: a numbered slot with at most one holder.

    The lease lives in the row (holder, until, token), so two live leases of one slot cannot be written down.
    ``token`` rises with every claim; a late submit that carries an old one is refused.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="assignments")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="assignments")
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=AssignmentState.choices, default=AssignmentState.OPEN)
    holder = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.RESTRICT, related_name="assignments"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("position", "slot")
        constraints = (
            models.UniqueConstraint(fields=("trace", "slot"), name="assignment_slot_once_per_trace"),
            models.UniqueConstraint(
                fields=("trace", "holder"),
                condition=Q(holder__isnull=False),
                name="assignment_once_per_trace_and_holder",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AssignmentState.values), name="assignment_state_is_known"
            ),
            models.CheckConstraint(
                name="assignment_lease_matches_state",
                condition=Q(state=AssignmentState.OPEN, holder__isnull=True, held_until__isnull=True)
                | Q(state=AssignmentState.HELD, holder__isnull=False, held_until__isnull=False)
                | Q(
                    state__in=(AssignmentState.SUBMITTED, AssignmentState.SKIPPED, AssignmentState.RETURNED),
                    holder__isnull=False,
                    held_until__isnull=True,
                ),
            ),
        )
        indexes = (
            models.Index(fields=("project", "state", "position", "slot"), name="assignment_queue"),
            models.Index(fields=("holder", "state"), name="assignment_of_holder"),
        )

    def __str__(self) -> str:
        return f"{self.trace_id}/{self.slot}"
