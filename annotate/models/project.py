from __future__ import annotations

from django.db import models

from annotate.enums import Role

from .person import Person


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
    shows_reference = models.BooleanField(default=False)
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
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "person"), name="membership_once_per_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.project}"
