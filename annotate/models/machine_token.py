from __future__ import annotations

import hashlib

from django.db import models
from django.utils import timezone

from annotate.enums import TokenScope

from .person import Person
from .project import Project

# What every token begins with, so that a leaked one is known for what it is.
BEGINNING = "gradus_"


class MachineToken(models.Model):
    """A program's way in, in the name of a person and for some purposes only.

    The token is shown once; what is kept is a digest. It is 256 random bits, so that no slow hash is needed.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="machine_tokens")
    # None: every project of the person's.
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="machine_tokens"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    # Its first characters, by which a person knows it again.
    shown = models.CharField(max_length=16)
    scopes = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        return [str(TokenScope(scope).label) for scope in self.scopes]


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
