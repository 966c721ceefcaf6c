from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy


class Theme(models.TextChoices):
    SYSTEM = "system", gettext_lazy("As the system")
    LIGHT = "light", gettext_lazy("Light")
    DARK = "dark", gettext_lazy("Dark")


class Contrast(models.TextChoices):
    SYSTEM = "system", gettext_lazy("As the system")
    MORE = "more", gettext_lazy("More")


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", gettext_lazy("Comfortable")
    COMPACT = "compact", gettext_lazy("Compact")


class Person(AbstractUser):
    """Somebody who signs in. What they may do is decided per project by their Membership."""

    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    contrast = models.CharField(max_length=8, choices=Contrast.choices, default=Contrast.SYSTEM)
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COMFORTABLE)
    # WCAG 2.2, 2.1.4: single-key shortcuts must be possible to switch off.
    has_shortcuts = models.BooleanField(default=True)
    # Shortcut by name: the key this person chose for it, where it is not the usual one (label/shortcuts.py).
    keys = models.JSONField(default=dict, blank=True)
    # Where the person's days begin and end, and by which clock they are shown times; empty: the server's.
    time_zone = models.CharField(max_length=64, blank=True)
    # Whether their own page counts days in a row.
    shows_streak = models.BooleanField(default=True)

    # A code of settings.LANGUAGES; empty: as the browser asks.
    language = models.CharField(max_length=16, blank=True, default="")
    # Messages to them that they have not said to have read. Every page asks, and the person is read for it anyhow.
    n_unread = models.PositiveSmallIntegerField(default=0)

    # While a token speaks for the person that is good for one project: its key. Nothing of it is stored.
    only_in: int | None = None

    class Meta:
        verbose_name_plural = "people"

    @property
    def shown_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def zone(self) -> tzinfo:
        """The person's time zone; the server's where none is chosen, or where this machine does not know it."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else timezone.get_default_timezone()
        except (KeyError, ValueError, OSError):
            return timezone.get_default_timezone()
