from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import FillingStage, RunState

from .project import Project


class Filling(models.Model):
    """What a project's queue is still to be brought to, and how far that is. One row for each project.

    Every piece of the work moves ``stage`` and ``cursor`` in the transaction that does it, with this row locked. So
    whoever goes on, after a kill or beside another, goes on where the last piece ended and does nothing twice.
    """

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="filling")
    # Rises whenever something is asked for: what a worker has worked out for an earlier number is stale.
    number = models.PositiveIntegerField(default=0)
    wants_slots = models.BooleanField(default=False)
    wants_order = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DONE)
    stage = models.CharField(max_length=10, choices=FillingStage.choices, default=FillingStage.TURNS)
    # The last row of the stage that is done with: a trace's id, or a turn's.
    cursor = models.BigIntegerField(default=0)
    # Rows to look at over all stages, and those looked at.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    n_turns = models.PositiveIntegerField(default=0)
    n_changed = models.PositiveIntegerField(default=0)
    n_slots = models.PositiveIntegerField(default=0)
    # Spent at work, without waiting for a worker.
    seconds = models.FloatField(default=0)
    # One thing that is to be done to many traces: what, to which, up to which, and how far that is. Or, with
    # ``parts``, comparisons that are to be made of them.
    change = models.JSONField(null=True, default=None)
    error = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="filling_state_is_known"),
            models.CheckConstraint(condition=Q(stage__in=FillingStage.values), name="filling_stage_is_known"),
        )

    def __str__(self) -> str:
        return f"filling of {self.project_id}: {self.state}"

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)
