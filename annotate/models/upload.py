from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from annotate.enums import UploadState

from .person import Person
from .project import Project


class Upload(models.Model):
    """A file on its way into a project: first its bytes, in pieces, then its rows, by a worker.

    The bytes lie in a folder named by ``key``, beside what says how far the worker is; the row holds what was asked for
    and what came of it. ``sha256`` is of the whole file, as its sender said before the first piece; empty where all of
    it came in one request.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="uploads"
    )
    key = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    received = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=UploadState.choices, default=UploadState.COMING)
    # As was last asked: the reader's name or "auto", and what was said about the file.
    format = models.CharField(max_length=40, default="auto")
    options = models.JSONField(default=dict, blank=True)
    is_dry_run = models.BooleanField(default=False)
    is_strict = models.BooleanField(default=False)
    report = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When it was asked for or last taken up: by this, who has taken it up is told apart from who had it before.
    asked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="upload_state_is_known"),
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="upload_has_at_most_its_size"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_under_way(self) -> bool:
        return self.state in (UploadState.QUEUED, UploadState.RUNNING)

    @property
    def is_here(self) -> bool:
        """Whether all of the file has arrived and is still kept."""
        return self.state not in (UploadState.COMING, UploadState.DONE)
