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


class ImageAddress(models.Model):
    """An address from which an image was fetched: in this project it stands for that image from then on.

    So a file that comes in again needs nobody's server, and what somebody has judged is what was there.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="image_addresses")
    address_hash = models.CharField(max_length=64)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="addresses")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("project", "address_hash"), name="image_address_once_per_project"
            ),
        )

    def __str__(self) -> str:
        return f"{self.address_hash[:12]} is {self.image_id}"
