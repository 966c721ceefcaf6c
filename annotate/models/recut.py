from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import CutAnswer, CutFault, RecutKind

from .assignment import Assignment
from .corpus import Step, Trace
from .person import Person


class Recut(models.Model):
    """One step split, or two merged: how boundary version ``version`` of a trace came from the one before.

    ``took`` and ``made`` are the ids of the steps it retired and put in their place, first to last, so that every
    earlier version can be laid out again. ``retired`` are the ids of the labels that stand no longer because their
    step went; ``aside`` those of them that were not carried over, each with ``label`` and ``why``; ``counts`` what the
    person was shown before they confirmed. ``start`` is the character of the trace at which the steps begin.
    """

    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="recuts")
    version = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=5, choices=RecutKind.choices)
    position = models.PositiveIntegerField()
    at = models.PositiveIntegerField(null=True, blank=True)
    start = models.PositiveIntegerField()
    took = models.JSONField()
    made = models.JSONField()
    retired = models.JSONField(default=list)
    aside = models.JSONField(default=list)
    # Which step each comment and report was about before it moved along: {"7": 31}.
    moved = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="recuts")
    # The act that this one takes back.
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("trace", "version")
        constraints = (
            models.UniqueConstraint(fields=("trace", "version"), name="recut_once_per_version"),
            models.CheckConstraint(
                condition=Q(kind=RecutKind.SPLIT, at__isnull=False)
                | Q(kind=RecutKind.MERGE, at__isnull=True),
                name="recut_split_has_a_place",
            ),
        )

    def __str__(self) -> str:
        return f"{self.trace_id} v{self.version}: {self.kind} at {self.position}"


class CutReport(models.Model):
    """A reader says that a step's boundaries are wrong. Open until it is answered by a split, a merge or as it is."""

    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="cut_reports")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="cut_reports")
    # What the step was called when it was reported: positions shift.
    position = models.PositiveIntegerField()
    version = models.PositiveSmallIntegerField()
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.SET_NULL, related_name="cut_reports"
    )
    author = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="cut_reports")
    fault = models.CharField(max_length=14, choices=CutFault.choices)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    answer = models.CharField(max_length=5, choices=CutAnswer.choices, blank=True)
    answer_text = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="cut_reports_answered"
    )
    recut = models.ForeignKey(
        Recut, null=True, blank=True, on_delete=models.SET_NULL, related_name="answers_reports"
    )

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(fault__in=CutFault.values), name="cut_report_fault_is_known"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | Q(answer__in=CutAnswer.values, answered_at__isnull=False),
                name="cut_report_answer_has_date",
            ),
        )
        indexes = (models.Index(fields=("trace",), condition=Q(answer=""), name="cut_report_open"),)

    def __str__(self) -> str:
        return f"{self.trace_id}: {self.fault} at {self.position}"

    @property
    def is_open(self) -> bool:
        return not self.answer
