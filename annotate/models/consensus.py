from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import Action, Tier

from .corpus import Step, Trace
from .run import Run


class Consensus(models.Model):
    """What one run of a policy decided about one step, why, and which labels spoke.

    ``tier``, ``risk`` (that the most probable level is wrong) and ``p_correct`` (a soft target) are there for policies
    whose model says so much.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="consensus")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="consensus")
    action = models.CharField(max_length=4, choices=Action.choices)
    value = models.CharField(max_length=40, blank=True)
    probability = models.FloatField(null=True, blank=True)
    tier = models.CharField(max_length=1, choices=Tier.choices, blank=True)
    risk = models.FloatField(null=True, blank=True)
    p_correct = models.FloatField(null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(tier="") | Q(tier__in=Tier.values), name="consensus_tier_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(risk__isnull=True) | Q(risk__gte=0, risk__lte=1))
                & (Q(p_correct__isnull=True) | Q(p_correct__gte=0, p_correct__lte=1)),
                name="consensus_risk_in_unit_interval",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step_id}: {self.action} {self.value}"


class ConsensusFit(models.Model):
    """What a consensus run has learned of its raters, so that one trace can be read again without all others.

    Written with the run and never changed. ``raters`` are ids in the order of the fit, below 0 where it stands ready
    for somebody new; ``detail`` is the fit itself, readable by programs of the ``version`` it names.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="fit", primary_key=True)
    version = models.PositiveSmallIntegerField()
    raters = models.JSONField(default=list)
    assumed = models.JSONField(default=list, blank=True)
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"fit of {self.run_id}"


class Audited(models.Model):
    """A trace drawn by lot when a run was made: people read it whatever the run decided of it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="audited")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("run", "trace")
        verbose_name_plural = "audited"
        constraints = (
            models.UniqueConstraint(fields=("run", "trace"), name="audited_once_per_run_and_trace"),
        )

    def __str__(self) -> str:
        return f"{self.run_id}: {self.trace_id}"
