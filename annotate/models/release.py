from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import ProtectedError, Q

from annotate.enums import ReleaseState

from .person import Person
from .project import Project
from .run import Run

_STAYS = "a published release stays as long as its project"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        published: set[models.Model] = set(self.filter(state=ReleaseState.PUBLISHED))
        if published:
            raise ProtectedError(_STAYS, published)
        return super().delete()


class Release(models.Model):
    """A numbered, frozen export. Once published the database refuses to change it.

    Neither can it be deleted, but with its whole project, whose deletion asks no model: that is why no trigger of the
    database says so.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    # None: it holds what people have compared, which no consensus decides.
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.RESTRICT, related_name="releases")
    format = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ReleaseState.choices, default=ReleaseState.BUILDING)
    path = models.CharField(max_length=500, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    funnel = models.JSONField(default=dict, blank=True)
    # What is other than in the release before, by which that one is named; empty for a first one.
    changes = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="release_number_once_per_project"),
            models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="release_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=ReleaseState.PUBLISHED) | Q(published_at__isnull=False),
                name="release_published_has_date",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project_id} release {self.number}"

    def delete(self, *args: Any, **more: Any) -> tuple[int, dict[str, int]]:
        if self.state == ReleaseState.PUBLISHED:
            raise ProtectedError(_STAYS, {self})
        return super().delete(*args, **more)
