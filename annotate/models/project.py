from __future__ import annotations

from django.db import models

from annotate.enums import Role

from .person import Person


def usual_judge_gate() -> dict[str, float]:
    """What a judge's audit must reach: one empty text in a hundred taken for right is already a way to be fooled."""
    return {"master_key_alone": 0.99, "master_key_appended": 0.99, "gold_solution": 0.8, "gold_pair": 0.8}


class Project(models.Model):
    """A body of traces, the question asked about them, and the people who answer."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    rubric = models.ForeignKey(
        "annotate.Rubric", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    overlap = models.PositiveSmallIntegerField(default=1)
    lease_minutes = models.PositiveSmallIntegerField(default=30)
    # What else the queue goes by; annotate/assign/rules.py says what may stand here. Empty: its defaults.
    queue_rules = models.JSONField(default=dict, blank=True)
    shows_reference = models.BooleanField(default=False)
    # Whether people see what machines said once they have answered everything, and may change their answers then.
    reveals_prelabels = models.BooleanField(default=False)
    # Reviewers see Reader A, B, C instead of names until they have decided.
    hides_readers = models.BooleanField(default=True)
    # Whether people may look at how they themselves were measured.
    shows_own_measures = models.BooleanField(default=False)
    # Audit rate by name: the least share (the most, for a bias) with which a judge counts in a consensus.
    judge_gate = models.JSONField(default=usual_judge_gate, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(Person, through="Membership", related_name="projects")

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(overlap__gte=1), name="project_overlap_at_least_one"),
            models.CheckConstraint(
                condition=models.Q(lease_minutes__gte=1), name="project_lease_at_least_one"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    # What the person knows about; the queue may hold it against what a trace needs.
    skills = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "person"), name="membership_once_per_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.project}"
