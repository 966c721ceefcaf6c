from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import AssignmentState, ExamState, Purpose
from annotate.wording import pause_words

from .corpus import Trace
from .project import Project
from .rater import Rater


class Assignment(models.Model):
    """One wanted reading of one trace: a numbered slot with at most one holder.

    The lease lives in the row (holder, until, token), so two live leases of one slot cannot be written down.
    ``token`` rises with every claim; a late submit that carries an old one is refused. ``position`` and ``skill``
    are copies of the turn's, so that claiming reads one index.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="assignments")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="assignments")
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=AssignmentState.choices, default=AssignmentState.OPEN)
    holder = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.RESTRICT, related_name="assignments"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    skill = models.CharField(max_length=100, blank=True)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.WORK)
    # Known once submitted: agreement with the key (gold, exam, demonstration), and the median seconds for a step.
    score = models.FloatField(null=True, blank=True)
    seconds_per_step = models.FloatField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("position", "slot")
        constraints = (
            models.UniqueConstraint(fields=("trace", "slot"), name="assignment_slot_once_per_trace"),
            models.UniqueConstraint(
                fields=("trace", "holder"),
                condition=Q(holder__isnull=False),
                name="assignment_once_per_trace_and_holder",
            ),
            # A rater belongs to one project: two tabs of one person can never hold two traces.
            models.UniqueConstraint(
                fields=("holder",),
                condition=Q(state=AssignmentState.HELD),
                name="assignment_one_held_per_holder",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AssignmentState.values), name="assignment_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values), name="assignment_purpose_is_known"
            ),
            models.CheckConstraint(
                name="assignment_lease_matches_state",
                condition=Q(state=AssignmentState.OPEN, holder__isnull=True, held_until__isnull=True)
                | Q(state=AssignmentState.HELD, holder__isnull=False, held_until__isnull=False)
                | Q(
                    state__in=(AssignmentState.SUBMITTED, AssignmentState.SKIPPED, AssignmentState.RETURNED),
                    holder__isnull=False,
                    held_until__isnull=True,
                ),
            ),
        )
        indexes = (
            models.Index(
                fields=("project", "state", "position", "slot", "skill", "trace"), name="assignment_queue"
            ),
            models.Index(fields=("holder", "state", "finished_at"), name="assignment_of_holder"),
            models.Index(fields=("project", "finished_at"), name="assignment_finished"),
        )

    def __str__(self) -> str:
        return f"{self.trace_id}/{self.slot}"


class Turn(models.Model):
    """A trace's turn in its project's queue: what it is for, and what the order is made from.

    ``position`` is the whole order in one number (``annotate/assign/ordering.py``), kept with whatever it is made
    from, so that nobody has to sort when somebody asks for work. ``disagreement``, ``value`` and ``worth`` are None
    while nothing is known about them; ``worth`` also where no consensus has kept a fit that could tell.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="turns")
    trace = models.OneToOneField(Trace, on_delete=models.CASCADE, related_name="turn")
    use = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.WORK)
    stratum = models.CharField(max_length=100, blank=True)
    skill = models.CharField(max_length=100, blank=True)
    n_submitted = models.PositiveSmallIntegerField(default=0)
    priority = models.SmallIntegerField(default=0)
    # A number drawn once from the project's seed and the trace's id, 0 to 2^31 - 1.
    luck = models.PositiveIntegerField(default=0)
    # Where the trace comes among those of its kind (with gold labels, or without), from 0 to 1.
    share = models.FloatField(default=0)
    has_gold = models.BooleanField(default=False)
    disagreement = models.FloatField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    # None: nobody has decided about it; True: everything is; False: not everything, or people have read it since.
    is_settled = models.BooleanField(null=True, default=None)
    # Wrong decisions that an hour of a person's time here is expected to put right.
    worth = models.FloatField(null=True, blank=True)
    # How often something was said of the trace that ``worth`` does not know of.
    unheard = models.PositiveIntegerField(default=1)
    position = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(use__in=Purpose.values), name="turn_use_is_known"),
            models.CheckConstraint(condition=Q(worth=None) | Q(worth__gte=0), name="turn_worth_not_negative"),
        )
        indexes = (
            models.Index(fields=("project", "use", "luck"), name="turn_by_use"),
            models.Index(fields=("project", "stratum", "trace"), name="turn_by_stratum"),
            models.Index(fields=("project", "has_gold", "trace"), name="turn_by_gold"),
            models.Index(fields=("project", "disagreement"), name="turn_by_disagreement"),
            models.Index(fields=("project",), condition=Q(unheard__gt=0), name="turn_unheard"),
            # That it is known at all stands there for PostgreSQL, which takes "not settled" to be all of a column of
            # nulls, and would look through the whole table.
            models.Index(
                fields=("project", "id"),
                condition=Q(is_settled=False, is_settled__isnull=False),
                name="turn_partly_decided",
            ),
        )

    def __str__(self) -> str:
        return f"{self.trace_id}: {self.use}"


class Reader(models.Model):
    """One person at a project's queue: what they have done, whether they may go on, and where to look for the next.

    Its row is what makes a person's claims wait for one another. Every open slot before ``cursor`` is of a trace
    they have had or may not have; whatever opens a slot lowers the cursors behind it (``annotate/assign/cursors.py``).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="readers")
    rater = models.OneToOneField(Rater, on_delete=models.CASCADE, related_name="reader")
    n_submitted = models.PositiveIntegerField(default=0)
    n_skipped = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    # How many traces they had finished when the cursor last moved.
    cursor_moved_at = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    # A person's words, or a rule's code (annotate/wording.py).
    pause_reason = models.CharField(max_length=300, blank=True)
    # Readings before this moment are not held against them again.
    watched_from = models.DateTimeField(null=True, blank=True)
    exam = models.CharField(max_length=8, choices=ExamState.choices, default=ExamState.OPEN)
    exam_score = models.FloatField(null=True, blank=True)
    exam_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(exam__in=ExamState.values), name="reader_exam_is_known"),
        )

    def __str__(self) -> str:
        return f"reader {self.rater_id}"

    @property
    def pause_words(self) -> str:
        return pause_words(self.pause_reason)

    @property
    def n_finished(self) -> int:
        return self.n_submitted + self.n_skipped
