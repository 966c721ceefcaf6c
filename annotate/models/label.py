from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotate.enums import AssignmentState, Purpose, RaterKind

from .assignment import Assignment
from .candidate import Candidate
from .comparison import Comparison
from .corpus import Pair, Step, Trace
from .lineup import Lineup
from .rater import Rater
from .rubric import Criterion
from .run import Run

# Room for every tag of a criterion with its severity.
LONGEST_VALUE = 200
TARGETS = ("step", "trace", "pair", "candidate", "lineup")


def _exactly(target: str) -> Q:
    return Q(**{f"{other}__isnull": other != target for other in TARGETS})


ONE_TARGET = (
    _exactly("step") | _exactly("trace") | _exactly("pair") | _exactly("candidate") | _exactly("lineup")
)


class LabelQuerySet(models.QuerySet["Label"]):
    def live(self) -> LabelQuerySet:
        return self.filter(is_live=True)

    def counted(self) -> LabelQuerySet:
        """Live labels that stand: not part of a trace somebody is still working on, has skipped, or learned by."""
        is_over = Q(assignment__state=AssignmentState.SUBMITTED) & ~Q(assignment__purpose=Purpose.DEMO)
        return self.live().filter(Q(assignment=None) | is_over)

    def about(self, trace: Trace | int) -> LabelQuerySet:
        """Labels of a trace, of its steps, those of earlier boundaries too, and of the texts about them.

        Keys first: where the alternatives lie behind different joins, PostgreSQL reads every label there is.
        """
        labels = Label.objects.order_by().values("pk")
        return self.filter(
            pk__in=labels.filter(step__trace=trace).union(
                labels.filter(trace=trace), labels.filter(candidate__step__trace=trace), all=True
            )
        )

    def unmeasured(self) -> LabelQuerySet:
        """Without what people said of pairs and lineups whose answer was known: that is measured, and ends there."""
        gold = Comparison.objects.filter(purpose=Purpose.GOLD, holder=OuterRef("rater"))
        return self.filter(
            ~Exists(gold.filter(pair=OuterRef("pair"))), ~Exists(gold.filter(lineup=OuterRef("lineup")))
        )

    def independent(self) -> LabelQuerySet:
        """Without reviewers' decisions, which were made in sight of the others and so are no further reading."""
        return self.exclude(rater__kind=RaterKind.REVIEW)

    def decisions(self) -> LabelQuerySet:
        """What reviewers have decided and still stands."""
        return self.live().filter(rater__kind=RaterKind.REVIEW)


class Label(models.Model):
    """What one rater says about one target by one criterion. Append-only: a revision supersedes.

    ``value`` is a level key, or empty when the criterion asks for words; tags are keys in alphabetical order with
    spaces between them, each followed by ``:severity`` where the criterion has severities; a ranking is the letters of
    the lineup's places, best first, as in ``b>a=c``. ``score`` is a machine's own number behind that level (a rollout's
    success rate, a judge's probability); the level's place on the number line is the level's, not the label's.
    """

    # Its index is label_by_rater, which begins with it.
    rater = models.ForeignKey(Rater, on_delete=models.RESTRICT, related_name="labels", db_index=False)
    criterion = models.ForeignKey(Criterion, on_delete=models.RESTRICT, related_name="labels")
    step = models.ForeignKey(Step, null=True, blank=True, on_delete=models.CASCADE, related_name="labels")
    trace = models.ForeignKey(Trace, null=True, blank=True, on_delete=models.CASCADE, related_name="labels")
    pair = models.ForeignKey(Pair, null=True, blank=True, on_delete=models.CASCADE, related_name="labels")
    candidate = models.ForeignKey(
        Candidate, null=True, blank=True, on_delete=models.CASCADE, related_name="labels"
    )
    lineup = models.ForeignKey(Lineup, null=True, blank=True, on_delete=models.CASCADE, related_name="labels")
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.RESTRICT, related_name="labels"
    )
    # The reviewer behind a decision: a label by the project's rater of kind review.
    decided_by = models.ForeignKey(
        Rater, null=True, blank=True, on_delete=models.RESTRICT, related_name="decisions"
    )
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.RESTRICT, related_name="labels")
    value = models.CharField(max_length=LONGEST_VALUE)
    score = models.FloatField(null=True, blank=True)
    text = models.TextField(blank=True)
    distribution = models.JSONField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    has_seen_prelabels = models.BooleanField(default=False)
    is_live = models.BooleanField(default=True)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.RESTRICT, related_name="superseded_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=ONE_TARGET, name="label_has_exactly_one_target"),
            models.UniqueConstraint(
                fields=("rater", "criterion", "step"),
                condition=Q(is_live=True, step__isnull=False),
                name="label_one_live_per_step",
            ),
            models.UniqueConstraint(
                fields=("rater", "criterion", "trace"),
                condition=Q(is_live=True, trace__isnull=False),
                name="label_one_live_per_trace",
            ),
            models.UniqueConstraint(
                fields=("rater", "criterion", "pair"),
                condition=Q(is_live=True, pair__isnull=False),
                name="label_one_live_per_pair",
            ),
            models.UniqueConstraint(
                fields=("rater", "criterion", "candidate"),
                condition=Q(is_live=True, candidate__isnull=False),
                name="label_one_live_per_candidate",
            ),
            models.UniqueConstraint(
                fields=("rater", "criterion", "lineup"),
                condition=Q(is_live=True, lineup__isnull=False),
                name="label_one_live_per_lineup",
            ),
            models.CheckConstraint(
                condition=Q(seconds__isnull=True) | Q(seconds__gte=0), name="label_seconds_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(assignment=None, run=None),
                name="label_decision_is_no_reading",
            ),
        )
        indexes = (
            models.Index(fields=("step", "criterion"), condition=Q(is_live=True), name="label_live_by_step"),
            # What somebody has said, newest first, without sorting all of it.
            models.Index(fields=("rater", "id"), name="label_by_rater"),
        )

    def __str__(self) -> str:
        return f"{self.rater_id}: {self.value}"
