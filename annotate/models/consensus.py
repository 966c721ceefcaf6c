from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import Action

from .corpus import Step
from .run import Run


class Consensus(models.Model):
    """What one run of a policy decided about one step, why, and which labels spoke."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="consensus")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="consensus")
    action = models.CharField(max_length=4, choices=Action.choices)
    value = models.CharField(max_length=40, blank=True)
    probability = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=60)
    explanation = models.TextField(blank=True)
    # Ids of the labels that spoke. A link table would hold five rows per step and nothing ever joins through it.
    spoke = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("step__trace", "step__position")
        verbose_name_plural = "consensus"
        constraints = (
            models.UniqueConstraint(fields=("run", "step"), name="consensus_once_per_run_and_step"),
            models.CheckConstraint(condition=Q(action__in=Action.values), name="consensus_action_is_known"),
            models.CheckConstraint(
                condition=~Q(action=Action.KEEP) | ~Q(value=""), name="consensus_kept_has_value"
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1),
                name="consensus_probability_in_unit_interval",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step_id}: {self.action} {self.value}"
