"""Releases that their worker has left in the middle. While one is made it has a pulse, by the key of who asked for it.

Brokers hand a message out again when its worker is killed; a folder does not, and the release would never be finished.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from annotate import clock
from annotate.enums import ReleaseState
from annotate.models import Pulse, Release
from annotate.prelabel.runs.attendance import beat

SIGN_SECONDS = 20.0
# A database that was away for a while is no reason to make a release twice.
GIVEN_UP = timedelta(minutes=5)


def sign(key: str) -> None:
    """Say that somebody is at the release of that key."""
    beat(_name(key))


def sign_off(key: str) -> None:
    Pulse.objects.filter(name=_name(key)).delete()


def left_unfinished() -> Iterator[tuple[Release, str]]:
    """Releases whose maker has not been heard of, each with a mark for :func:`take_up`: newer marks undo older ones."""
    for release in Release.objects.filter(state=ReleaseState.BUILDING):
        now = clock.now()
        silent = Pulse.objects.filter(name=_name(key_of(release)), beat_at__lt=now - GIVEN_UP)
        if silent.update(beat_at=now):
            yield release, now.isoformat()


def take_up(key: str, mark: str) -> bool:
    """Whether the release is whoever's who holds the mark: it was not taken up, or sent once more, since."""
    marked = Pulse.objects.filter(name=_name(key), beat_at=datetime.fromisoformat(mark))
    return bool(marked.update(beat_at=clock.now()))


def key_of(release: Release) -> str:
    return release.path.rpartition("-")[2]


def _name(key: str) -> str:
    return f"release {key}"
