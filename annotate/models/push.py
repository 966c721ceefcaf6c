from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from annotate.enums import RunState

from .person import Person
from .release import Release

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


class Push(models.Model):
    """A release on its way to the Hugging Face Hub, or there.

    The row holds what was asked for and how far it is; no token is ever in it, only the name the Hub has for the one
    that was used. ``key`` stands in the push's commits, by which a worker knows those of one that was killed.
    """

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="pushes")
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=32, unique=True)
    repository = models.CharField(max_length=200)
    is_private = models.BooleanField(default=True)
    # Whether what is in the repository, and did not come from this project, may be written over.
    may_replace = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    # Rises with every worker that takes the push up: an earlier one that comes back writes nothing more.
    attempt = models.PositiveIntegerField(default=0)
    files_total = models.PositiveIntegerField(default=0)
    files_done = models.PositiveIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(default=0)
    bytes_done = models.PositiveBigIntegerField(default=0)
    # The newest commit of this push, and where it can be looked at.
    revision = models.CharField(max_length=64, blank=True)
    commit_url = models.URLField(max_length=500, blank=True)
    account = models.CharField(max_length=100, blank=True)
    token_name = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    # Until then the Hub wants to be left alone.
    waits_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField()
    # The last sign of life of whoever is at it.
    seen_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="push_state_is_known"),
            models.CheckConstraint(
                condition=Q(files_done__lte=F("files_total")) & Q(bytes_done__lte=F("bytes_total")),
                name="push_has_done_at_most_all",
            ),
            models.UniqueConstraint(
                fields=("repository",),
                condition=Q(state__in=("queued", "running")),
                name="push_once_at_a_time_per_repository",
            ),
        )

    def __str__(self) -> str:
        return f"{self.release} to {self.repository}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def percent(self) -> int:
        return min(99, 100 * self.bytes_done // self.bytes_total) if self.bytes_total else 0
