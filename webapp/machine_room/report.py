"""All of it together, with what needs somebody in front, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from webapp.machine_room import crew, ground, queues, slowness
from workers.celery import SWEEPS

# Five of its intervals and a little for a slow broker.
SWEEP_IS_LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Report:
    made_at: datetime
    messages: queues.Messages
    rows: queues.Rows
    crew: list[crew.Hand]
    last_sweep: datetime | None
    versions: dict[str, str]
    disks: list[ground.Disk]
    database: ground.Database
    routes: list[slowness.Route]
    statements: list[slowness.Statement] | None

    @property
    def warnings(self) -> list[str]:
        return list(_warnings(self))


def report() -> Report:
    """A few dozen small queries: nothing in here grows with the number of labels."""
    return Report(
        made_at=timezone.now(),
        messages=queues.messages(),
        rows=queues.rows(),
        crew=crew.hands(),
        last_sweep=crew.last_sweep(),
        versions=ground.versions(),
        disks=ground.disks(),
        database=ground.database(),
        routes=slowness.slowest_routes(),
        statements=slowness.slowest_statements(),
    )


def _why_no_sweep(found: Report, idle: list[str]) -> Iterator[str]:
    """Nothing where what was said before explains it."""
    n_waiting = found.messages.lengths.get("cpu") or 0
    if found.messages.trouble or "cpu" in idle:
        return
    if n_waiting >= len(SWEEPS):
        yield (
            gettext(
                "No sweep has come round for a minute, though they are sent: %(n)s messages wait in queue cpu, and the"
                " workers that take from it are busy with work that takes long. Start one more for it: python3"
                " manage.py worker --queues cpu"
            )
            % {"n": n_waiting}
        )
    else:
        yield gettext(
            "No sweep has come round for a minute: what was left lying is not taken up. Is one worker started with"
            " --with-beat, and does it reach the broker?"
        )


def _warnings(found: Report) -> Iterator[str]:
    if found.database.waiting:
        n = len(found.database.waiting)
        yield ngettext(
            "%(n)s migration is not applied. Run: python3 manage.py migrate",
            "%(n)s migrations are not applied. Run: python3 manage.py migrate",
            n,
        ) % {"n": n}
    if found.messages.trouble:
        yield found.messages.trouble
    if idle := crew.queues_without_hands(found.crew):
        yield (
            gettext("No worker is alive that takes from %(queues)s. Start one: python3 manage.py worker")
            % {"queues": ", ".join(idle)}
        )
    if found.last_sweep is None or found.made_at - found.last_sweep > SWEEP_IS_LATE:
        yield from _why_no_sweep(found, idle)
    for disk in found.disks:
        if disk.is_nearly_full:
            yield (
                gettext("The disk of %(folder)s is nearly full: %(free)s are free, %(percent)s %% of it.")
                % {"folder": disk.folder, "free": filesizeformat(disk.free), "percent": disk.percent_free}
            )
    strangers = {hand.version for hand in found.crew if hand.is_alive} - {settings.VERSION}
    if strangers:
        yield (
            gettext("A worker runs another version of Gradus than this page (%(version)s): %(others)s.")
            % {"version": settings.VERSION, "others": ", ".join(sorted(strangers)) or "?"}
        )
    if found.rows.notices_failed:
        yield gettext("Notices given up: %(n)s. Their projects' pages say why.") % {
            "n": found.rows.notices_failed
        }
