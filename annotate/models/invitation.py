from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from annotate.enums import Role

from .person import Person
from .project import Project


class Invitation(models.Model):
    """A link that makes whoever follows it a member. The link is signed and names this row; nothing secret is kept.

    ``uses_left`` None: as many people as come before it ends.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    uses_left = models.PositiveSmallIntegerField(null=True, blank=True)
    n_used = models.PositiveIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(role__in=Role.values) & ~Q(role=Role.OWNER), name="invitation_role_is_no_owner"
            ),
        )

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def why_closed(self) -> str:
        """Why nobody can follow the link any more; empty while somebody can."""
        if self.withdrawn_at is not None:
            return gettext("It was withdrawn.")
        if self.expires_at <= timezone.now():
            return gettext("It has expired.")
        return gettext("Everybody it was for has come.") if self.uses_left == 0 else ""
