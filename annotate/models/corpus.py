from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from annotate.enums import USES_OF_COMPARED, Outcome, Purpose, StepKind

from .project import Project


class Problem(models.Model):
    """What was asked of the model, with the reference answer where one is known."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="problems")
    external_id = models.CharField(max_length=200)
    text = models.TextField()
    reference_answer = models.TextField(null=True, blank=True)  # noqa: DJ001 - unknown is not an empty answer
    reference_solution = models.TextField(null=True, blank=True)  # noqa: DJ001
    content_hash = models.CharField(max_length=64)
    meta = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "external_id"), name="problem_external_id_once"),
        )
        indexes = (models.Index(fields=("project", "content_hash")),)

    def __str__(self) -> str:
        return self.external_id


class Trace(models.Model):
    """One attempt at a problem. Its text is its steps, joined byte for byte; the hash proves it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="traces")
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="traces")
    external_id = models.CharField(max_length=200)
    source_model = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, null=True, blank=True)  # noqa: DJ001
    n_steps = models.PositiveIntegerField()
    text_hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    boundary_version = models.PositiveSmallIntegerField(default=1)
    meta = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("project", "external_id"), name="trace_external_id_once"),
            models.CheckConstraint(condition=Q(n_steps__gte=1), name="trace_has_a_step"),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True) | Q(outcome__in=Outcome.values),
                name="trace_outcome_is_known",
            ),
        )
        indexes = (models.Index(fields=("project", "content_hash")),)

    def __str__(self) -> str:
        return self.external_id

    @property
    def text(self) -> str:
        return "".join(step.text for step in self.steps.all())


class CurrentSteps(models.Manager["Step"]):
    """The steps as the trace is cut now. What was split or merged stays, and is reached by its key or its labels."""

    def get_queryset(self) -> models.QuerySet[Step]:
        return super().get_queryset().filter(retired_in=None)


class Step(models.Model):
    """Exactly what the model emitted at this place; ``tail`` counts the separator characters that end it.

    A step that is split or merged is *retired*: its row stays as it is, with the labels made under it, and the trace's
    steps are others from the boundary version ``retired_in`` on. ``Step.objects`` and ``trace.steps`` are the steps of
    now; ``Step.every`` are all.
    """

    # Its index is step_by_trace, which begins with it.
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveIntegerField()
    text = models.TextField()
    tail = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=StepKind.choices, default=StepKind.THOUGHT)
    meta = models.JSONField(default=dict, blank=True)
    # The first boundary version without this step; null: the trace has it now.
    retired_in = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = CurrentSteps()
    every = models.Manager()  # noqa: DJ012 - a manager, not a field

    class Meta:
        ordering = ("trace", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("trace", "position"),
                condition=Q(retired_in=None),
                name="step_position_once_per_trace",
            ),
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="step_kind_is_known"),
        )
        indexes = (models.Index(fields=("trace", "position"), name="step_by_trace"),)

    def __str__(self) -> str:
        return f"{self.trace_id}:{self.position}"

    @property
    def body(self) -> str:
        """The text without the separator that ends it."""
        return self.text[: len(self.text) - self.tail] if self.tail else self.text


class Pair(models.Model):
    """Two traces, or two alternative steps, to be compared."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pairs")
    external_id = models.CharField(max_length=200)
    left_trace = models.ForeignKey(Trace, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    right_trace = models.ForeignKey(Trace, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    left_step = models.ForeignKey(Step, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    right_step = models.ForeignKey(Step, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    use = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.WORK)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(use__in=USES_OF_COMPARED), name="pair_use_is_known"),
            models.UniqueConstraint(fields=("project", "external_id"), name="pair_external_id_once"),
            models.CheckConstraint(
                name="pair_of_two_traces_or_two_steps",
                condition=Q(
                    left_trace__isnull=False,
                    right_trace__isnull=False,
                    left_step__isnull=True,
                    right_step__isnull=True,
                )
                | Q(
                    left_trace__isnull=True,
                    right_trace__isnull=True,
                    left_step__isnull=False,
                    right_step__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="pair_sides_differ",
                condition=~Q(left_trace=F("right_trace")) & ~Q(left_step=F("right_step")),
            ),
        )
        # The few that are no ordinary work, found among the many.
        indexes = (
            models.Index(fields=("project", "use"), condition=~Q(use=Purpose.WORK), name="pair_set_apart"),
        )

    def __str__(self) -> str:
        return self.external_id
