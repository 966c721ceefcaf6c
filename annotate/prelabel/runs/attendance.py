"""Which workers are alive, by their own word. Only said to people: what is claimed rests on leases alone."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from annotate import clock
from annotate.models import Pulse, Worker

SIGN_SECONDS = 10.0
# Three signs missed, and a little for a slow database.
_MISSED = timedelta(seconds=3 * SIGN_SECONDS + 5)
_FORGOTTEN = timedelta(days=1)


def sign(name: str, queues: str, version: str = "") -> None:
    """Say that the worker called ``name`` is alive, takes work from ``queues`` and is of this version of Gradus."""
    now = clock.now()
    Worker.objects.update_or_create(
        name=name, defaults={"queues": queues, "version": version, "seen_at": now}
    )
    Worker.objects.filter(seen_at__lt=now - _FORGOTTEN).delete()


def sign_off(name: str) -> None:
    """Say that the worker has stopped of its own will; a killed one is missed after three signs."""
    Worker.objects.filter(name=name).delete()


def on_duty() -> QuerySet[Worker]:
    """The workers heard of lately."""
    return Worker.objects.filter(seen_at__gt=clock.now() - _MISSED)


def beat(name: str) -> None:
    """Say that what comes round by the name has come round."""
    Pulse.objects.update_or_create(name=name, defaults={"beat_at": clock.now()})
