from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.wording import pause_words

from .person import Person
from .project import Project
from .rater import Rater
from .rubric import Criterion


class Ruler(models.Model):
    """A project's fitted scale. Earlier ones stay for a while, so that a rater's history can be shown; one is current.

    ``number`` rises with every fit, ``minor`` with every session placed on it since. Measures of two rulers do not
    stand on one scale. ``detail`` holds what the pages show of everything but raters: thresholds, criteria,
    populations, what separates, and warnings about the structure.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rulers")
    number = models.PositiveIntegerField()
    minor = models.PositiveIntegerField(default=0)
    is_current = models.BooleanField(default=True)
    # Of the labels it was fitted to; the sessions placed since are counted by ``minor``.
    data_version = models.CharField(max_length=64)
    newest_label = models.BigIntegerField(default=0, help_text="key of the newest label it was fitted to")
    seed = models.BigIntegerField(default=0)
    estimator = models.CharField(max_length=8, default="eb")
    converged = models.BooleanField()
    message = models.TextField(blank=True)
    n_labels = models.PositiveIntegerField()
    seconds = models.FloatField()
    detail = models.JSONField(default=dict, blank=True)
    # When the labels were begun to be read: what was submitted later may be missing.
    fitted_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True, blank=True)
    # A worker that fits the next one says so here, for as long as it may take.
    refit_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("project", "-number")
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="ruler_number_once_per_project"),
            models.UniqueConstraint(
                fields=("project",), condition=Q(is_current=True), name="ruler_one_current_per_project"
            ),
        )

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        return f"{self.number}.{self.minor}"


class Standing(models.Model):
    """Where every element of a ruler stands, so that a session can be placed on it without reading all labels.

    ``elements`` is what the fit left, written once; ``moved`` what sessions have moved since, small and written with
    each. Both are compressed numpy arrays (``annotate/measure/ruler_standing.py``). A table of its own, because no page
    needs it.
    """

    ruler = models.OneToOneField(Ruler, on_delete=models.CASCADE, related_name="standing", primary_key=True)
    elements = models.BinaryField()
    moved = models.BinaryField(default=bytes)
    # Assignments submitted about when the fit began or later that are counted in already.
    sessions = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return f"standing of ruler {self.ruler_id}"


class Measure(models.Model):
    """Where one rater stands on a ruler; by one criterion, where it is given.

    In logits, 0 is the mean of the raters, and a severer one stands higher. What the labels cannot say is None with the
    ``reason``. ``detail`` holds what goes with it: fair average, agreement, flags, drift; ``closer`` what only the
    rater's own page shows, so that a table of raters need not read it.
    """

    ruler = models.ForeignKey(Ruler, on_delete=models.CASCADE, related_name="measures")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="measures")
    criterion = models.ForeignKey(
        Criterion, null=True, blank=True, on_delete=models.CASCADE, related_name="measures"
    )
    severity = models.FloatField(null=True, blank=True)
    se = models.FloatField(null=True, blank=True)
    infit = models.FloatField(null=True, blank=True)
    infit_z = models.FloatField(null=True, blank=True)
    outfit = models.FloatField(null=True, blank=True)
    outfit_z = models.FloatField(null=True, blank=True)
    n = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict, blank=True)
    closer = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("ruler", "rater", "criterion")
        constraints = (
            models.UniqueConstraint(
                fields=("ruler", "rater"), condition=Q(criterion=None), name="measure_once_per_rater"
            ),
            models.UniqueConstraint(
                fields=("ruler", "rater", "criterion"),
                condition=Q(criterion__isnull=False),
                name="measure_once_per_rater_and_criterion",
            ),
            models.CheckConstraint(
                condition=Q(severity__isnull=False) | ~Q(reason=""), name="measure_missing_has_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rater_id}: {self.severity}"

    @property
    def low(self) -> float | None:
        return None if self.severity is None or self.se is None else self.severity - 1.96 * self.se

    @property
    def high(self) -> float | None:
        return None if self.severity is None or self.se is None else self.severity + 1.96 * self.se


class Intervention(models.Model):
    """What was done about a rater, why, and when; by the queue's own rules where ``made_by`` is None. Never changed.

    Of a message ``reason`` is what it says. That it was read is the one thing that is written down later.
    """

    class Deed(models.TextChoices):
        PAUSE = "pause"
        RESUME = "resume"
        REQUALIFY = "requalify"
        EXCLUDE = "exclude"
        INCLUDE = "include"
        MESSAGE = "message"

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="interventions")
    deed = models.CharField(max_length=10, choices=Deed.choices)
    # A person's words, or a rule's code (annotate/wording.py).
    reason = models.CharField(max_length=1000, blank=True)
    # From when on labels are left out of consensus, where that is what was done.
    since = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.deed} {self.rater_id}"

    @property
    def reason_words(self) -> str:
        return pause_words(self.reason)
