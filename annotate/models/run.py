from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from annotate.enums import FinishReason, RunKind, RunState, UnitState

from .corpus import Pair, Problem, Trace
from .person import Person
from .project import Project
from .rater import Rater
from .rubric import Criterion


class Run(models.Model):
    """A piece of machine work over a project: its settings, state and counts, all in this row and its units."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=10, choices=RunKind.choices)
    name = models.CharField(max_length=80, help_text="strategy or policy name")
    criterion = models.ForeignKey(Criterion, on_delete=models.RESTRICT, related_name="runs")
    rater = models.ForeignKey(Rater, null=True, blank=True, on_delete=models.RESTRICT, related_name="runs")
    backend = models.CharField(max_length=400, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    # What the run may spend before it stops by itself; None sets no limit.
    budget_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    budget_completions = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    wants_cancel = models.BooleanField(default=False)
    summary = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="run_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


class Unit(models.Model):
    """One trace's, or one pair's, share of a run. The table is the queue of record; messages only say where to look.

    ``attempts`` is a fencing token: a finishing write carries the number it claimed with, so a worker that
    lost its lease cannot overwrite a newer attempt.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="units")
    trace = models.ForeignKey(Trace, null=True, blank=True, on_delete=models.CASCADE, related_name="units")
    pair = models.ForeignKey(Pair, null=True, blank=True, on_delete=models.CASCADE, related_name="units")
    # Whose questions it shares: units of one problem are worked at by one worker at a time.
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=UnitState.choices, default=UnitState.PENDING)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    findings = models.JSONField(default=dict, blank=True)
    # How the trace was cut when the unit was done: positions in ``findings`` are of that version. Null: not known.
    boundary_version = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "trace"), name="unit_once_per_run_and_trace"),
            models.UniqueConstraint(fields=("run", "pair"), name="unit_once_per_run_and_pair"),
            models.CheckConstraint(
                condition=Q(trace__isnull=False, pair__isnull=True)
                | Q(trace__isnull=True, pair__isnull=False),
                name="unit_is_about_one_thing",
            ),
            models.CheckConstraint(condition=Q(state__in=UnitState.values), name="unit_state_is_known"),
        )
        indexes = (
            models.Index(fields=("run", "state", "lease_until"), name="unit_queue"),
            models.Index(fields=("run", "state", "problem", "id"), name="unit_queue_by_problem"),
            # What was given up is a list of its own, and few among many.
            models.Index(fields=("run", "id"), condition=Q(state=UnitState.FAILED), name="unit_given_up"),
        )

    def __str__(self) -> str:
        return f"{self.run_id}/{self.trace_id or self.pair_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.problem_id is None:
            self.problem = self._asked_about().problem
        super().save(*args, **kwargs)

    def _asked_about(self) -> Trace:
        """The trace, or the one on a pair's left."""
        if self.trace is not None:
            return self.trace
        assert self.pair is not None
        if self.pair.left_trace is not None:
            return self.pair.left_trace
        assert self.pair.left_step is not None
        return self.pair.left_step.trace


class Completion(models.Model):
    """One sample of one request, paid for once: (run, digest, sample) is the idempotency key."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="completions")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="completions")
    digest = models.CharField(max_length=64)
    sample = models.PositiveIntegerField()
    about = models.PositiveIntegerField(
        null=True, blank=True, help_text="step position the request speaks of"
    )
    purpose = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=8, choices=FinishReason.choices)
    sampling = models.JSONField(default=dict)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    logprob = models.FloatField(null=True, blank=True)
    scores = models.JSONField(default=list, blank=True)
    choices = models.JSONField(default=dict, blank=True)
    choice_source = models.CharField(max_length=8, blank=True)
    player = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=300, blank=True)
    revision = models.CharField(max_length=100, blank=True)
    server = models.CharField(max_length=100, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    cost = models.FloatField(null=True, blank=True, help_text="US dollars")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("run", "digest", "sample")
        constraints = (
            models.UniqueConstraint(fields=("run", "digest", "sample"), name="completion_idempotency_key"),
            models.CheckConstraint(
                condition=Q(finish_reason__in=FinishReason.values), name="completion_finish_reason_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.digest[:12]}#{self.sample}"


class Worker(models.Model):
    """A process that takes work, by its own sign of life: an idle one holds no unit and would not be seen."""

    name = models.CharField(max_length=120, unique=True)
    queues = models.CharField(max_length=80, help_text="what it takes, separated by commas")
    version = models.CharField(max_length=40, blank=True, default="", help_text="of Gradus")
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Pulse(models.Model):
    """When something that comes round again last did, by its name: a sweep that nobody sends any more is seen here."""

    name = models.CharField(max_length=80, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
