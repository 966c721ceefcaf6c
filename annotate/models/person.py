from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy


class Theme(models.TextChoices):
    SYSTEM = "system", gettext_lazy("As the system")
    LIGHT = "light", gettext_lazy("Light")
    DARK = "dark", gettext_lazy("Dark")


class Person(AbstractUser):
    """Somebody who signs in. What they may do is decided per project by their Membership."""

    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    # WCAG 2.2, 2.1.4: single-key shortcuts must be possible to switch off.
    has_shortcuts = models.BooleanField(default=True)
    # Shortcut by name: the key this person chose for it, where it is not the usual one (label/shortcuts.py).
    keys = models.JSONField(default=dict, blank=True)

    # A code of settings.LANGUAGES; empty: as the browser asks.
    language = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        verbose_name_plural = "people"

    @property
    def shown_name(self) -> str:
        return self.get_full_name() or self.username
