from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import RaterKind

from .person import Person
from .project import Project


class Rater(models.Model):
    """Whoever or whatever labels: a person, a judge, a rollout estimate, a verifier, a gold key, the reviewers' desk.

    Labels made elsewhere come in as raters of kind person without an account. ``is_simulated`` marks
    made-up people and is shown wherever the rater is.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="raters")
    kind = models.CharField(max_length=10, choices=RaterKind.choices)
    name = models.CharField(max_length=160)
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="raters"
    )
    is_simulated = models.BooleanField(default=False)
    config = models.JSONField(default=dict, blank=True)
    # Labels made from then on are left out of consensus; None: all count.
    excluded_from = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("project", "kind", "name")
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="rater_name_once_per_project"),
            models.UniqueConstraint(
                fields=("project", "person"), condition=Q(person__isnull=False), name="rater_once_per_person"
            ),
            models.CheckConstraint(condition=Q(kind__in=RaterKind.values), name="rater_kind_is_known"),
            models.CheckConstraint(
                condition=Q(person__isnull=True) | Q(kind=RaterKind.PERSON),
                name="rater_with_account_is_person",
            ),
            # One desk: so that the one live label per rater and place is the one decision that stands there.
            models.UniqueConstraint(
                fields=("project",), condition=Q(kind=RaterKind.REVIEW), name="rater_one_review_per_project"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_machine(self) -> bool:
        return self.kind not in (RaterKind.PERSON, RaterKind.GOLD, RaterKind.REVIEW)
