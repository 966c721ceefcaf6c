from __future__ import annotations

from django.db import models
from django.db.models import Q

from .project import Project

MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


class Image(models.Model):
    """The bytes of one image of a project's traces, by their SHA-256. Problems and steps name it in their meta."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="images")
    digest = models.CharField(max_length=64)
    media_type = models.CharField(max_length=12)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "digest"), name="image_once_per_project"),
            models.CheckConstraint(condition=Q(media_type__in=MEDIA_TYPES), name="image_type_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.media_type} {self.digest[:12]}"
