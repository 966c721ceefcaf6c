from __future__ import annotations

from django.db import models
from django.db.models import Q

from .project import Project
from .rater import Rater
from .rubric import Criterion


class Estimate(models.Model):
    """A measured number with its interval, its n, and the version of the data it was read from.

    ``value`` is None when the data cannot say; ``reason`` then holds why.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="estimates")
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="estimates")
    rater = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.CASCADE, related_name="estimates"
    )
    name = models.CharField(max_length=60)
    value = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    n = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict, blank=True)
    data_version = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "criterion", "rater", "name"),
                condition=Q(rater__isnull=False),
                name="estimate_once_per_rater",
            ),
            models.UniqueConstraint(
                fields=("project", "criterion", "name"),
                condition=Q(rater__isnull=True),
                name="estimate_once_per_criterion",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(reason=""), name="estimate_missing_value_has_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
