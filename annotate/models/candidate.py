from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import CandidateKind

from .corpus import Step
from .rater import Rater


class Candidate(models.Model):
    """A text given about a step, to be rated: another way to go on instead of it, or a critique of it.

    ``position`` orders those of one kind at one step, from 0. It comes from a rater of the project (a judge's critique)
    or from a model named in words; both may be unknown.
    """

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="candidates")
    kind = models.CharField(max_length=12, choices=CandidateKind.choices)
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    rater = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.SET_NULL, related_name="candidates"
    )
    source_model = models.CharField(max_length=200, blank=True)
    meta = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("step", "kind", "position")
        constraints = (
            models.UniqueConstraint(fields=("step", "kind", "position"), name="candidate_position_once"),
            models.UniqueConstraint(fields=("step", "kind", "text_hash"), name="candidate_text_once"),
            models.CheckConstraint(
                condition=Q(kind__in=CandidateKind.values), name="candidate_kind_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.position} of step {self.step_id}"

    @property
    def number(self) -> int:
        return self.position + 1
