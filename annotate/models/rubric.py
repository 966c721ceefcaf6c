from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from annotate.enums import CandidateKind, CriterionKind, Scope, Verdict
from annotate.errors import Conflict

from .project import Project


class Rubric(models.Model):
    """One version of the questions asked. Frozen by its first label and never changed after."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rubrics")
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    guidelines = models.TextField(blank=True)
    is_frozen = models.BooleanField(default=False)
    # Whose labels were carried over when this version was put to use, and what became of each question and level:
    # {"verdict": {"to": "judgement", "levels": {"good": "right", "unsure": null}}}; null: set aside.
    carried_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="carried_to"
    )
    mapping = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("project", "name", "version")
        constraints = (
            models.UniqueConstraint(fields=("project", "name", "version"), name="rubric_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="rubric_version_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class _PartOfRubric(models.Model):
    """What belongs to a rubric cannot be deleted from under its labels.

    Changing or adding to a frozen rubric is refused by the database itself (see the trigger migration);
    deletion is refused here, because emptying a whole database must stay possible.
    """

    class Meta:
        abstract = True

    def owning_rubric(self) -> Rubric:
        raise NotImplementedError

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.owning_rubric().is_frozen:
            raise Conflict(
                gettext("%(owning_rubric)s is frozen: make a new version instead.")
                % {"owning_rubric": self.owning_rubric()}
            )
        return super().delete(*args, **kwargs)


class Criterion(_PartOfRubric):
    """One question of a rubric."""

    rubric = models.ForeignKey(Rubric, on_delete=models.CASCADE, related_name="criteria")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    scope = models.CharField(max_length=12, choices=Scope.choices, default=Scope.STEP)
    kind = models.CharField(max_length=12, choices=CriterionKind.choices, default=CriterionKind.VERDICT)
    position = models.PositiveSmallIntegerField(default=0)
    weight = models.FloatField(default=1.0)
    # What only machines can answer (can the model still recover from here?) is not put to people.
    is_asked = models.BooleanField(default=True)
    # First-error criteria: a trace counts as answered once an error is marked; later steps stay not assessed.
    stops_at_first_error = models.BooleanField(default=False)
    # Marking an error answers the open steps before it with the best level; such labels say that they were filled in.
    fills_before_error = models.BooleanField(default=False)
    # Which texts about a step a question about candidates is asked of; empty for every other question.
    candidate_kind = models.CharField(max_length=12, choices=CandidateKind.choices, blank=True)
    # Asked about steps of these kinds alone (an agent's actions); empty: about every step.
    step_kinds = models.JSONField(default=list, blank=True)
    # Asked, but nobody has to answer.
    is_optional = models.BooleanField(default=False)
    # Slugs, least to most, that each tag of a tags criterion carries: an answer is then "tag:severity tag:severity".
    severities = models.JSONField(default=list, blank=True)
    # Asked only where the answer to ``condition``, at the same place or about the trace, is one of these level keys.
    # RESTRICT, not CASCADE: a question must not vanish because another one was taken out.
    condition = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.RESTRICT, related_name="conditioned"
    )
    condition_levels = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("rubric", "position", "pk")
        verbose_name_plural = "criteria"
        constraints = (
            models.UniqueConstraint(fields=("rubric", "key"), name="criterion_key_once_per_rubric"),
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="criterion_scope_is_known"),
            models.CheckConstraint(
                condition=Q(kind__in=CriterionKind.values), name="criterion_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="criterion_weight_not_negative"),
        )

    def __str__(self) -> str:
        return self.title

    def owning_rubric(self) -> Rubric:
        return self.rubric


class Level(_PartOfRubric):
    """One allowed answer to a criterion. ``score`` places it on a number line; None keeps it off (unsure)."""

    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="levels")
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    hotkey = models.CharField(max_length=1, blank=True)
    score = models.FloatField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    # Choosing it is half an answer: the reason in words is the other half.
    needs_text = models.BooleanField(default=False)
    # A way out of the whole trace (a bad problem, giving up): steps without an answer are no longer wanted.
    ends_trace = models.BooleanField(default=False)
    # Whatever else is good, a group with this answer in it gets its lowest score.
    is_fatal = models.BooleanField(default=False)
    examples = models.TextField(blank=True)

    class Meta:
        ordering = ("criterion", "position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("criterion", "key"), name="level_key_once_per_criterion"),
            models.UniqueConstraint(
                fields=("criterion", "hotkey"),
                condition=~Q(hotkey=""),
                name="level_hotkey_once_per_criterion",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_error(self) -> bool:
        """Whether choosing it marks an error, which ends a first-error criterion."""
        return self.key == Verdict.BAD or (self.score is not None and self.score < 0)

    def owning_rubric(self) -> Rubric:
        return self.criterion.rubric
