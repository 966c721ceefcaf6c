"""Carry a listener to a worker that sends what is due to it. What there is, and how far it is, stands in the rows."""

from __future__ import annotations

import logging

from django.db import OperationalError as DatabaseBusy
from django.db import transaction
from kombu.exceptions import OperationalError

from annotate.assign.dryness import announce_dry_queues
from annotate.enums import ListenerKind
from annotate.models import Listener, Notice
from annotate.notices.sending import Answer, claim_notice, listeners_due, record_answer
from annotate.prelabel.runs.attendance import beat
from workers.celery import DRY_SWEEP, NOTICE_SECONDS, NOTICE_SWEEP, Sweep, app, is_stopping
from workers.post.mail import mail
from workers.post.webhook import post

log = logging.getLogger(__name__)

# One after another to one listener; then others have their turn.
_MOST_AT_ONCE = 20


def send_notices(listener: Listener) -> None:
    """Ask a worker to send what is due, once the current transaction is committed. Without it the sweep would."""
    transaction.on_commit(lambda: _send(listener.pk))


def _send(listener_id: int) -> None:
    try:
        work_notices.apply_async(kwargs={"listener_id": listener_id}, queue="io", expires=NOTICE_SECONDS * 12)
    except (OperationalError, OSError):
        # They are stored; the next sweep sends them again.
        log.exception("notices to listener %s could not be sent: the broker does not answer", listener_id)


@app.task(name="notices.work_notices")
def work_notices(*, listener_id: int) -> None:
    """Sent twice, the second worker leaves it to the first."""
    try:
        for _ in range(_MOST_AT_ONCE):
            notice = None if is_stopping() else claim_notice(listener_id)
            if notice is None:
                break
            record_answer(notice, _tried(notice))
    except DatabaseBusy:
        log.warning("notices to listener %s wait for the database and are taken up again", listener_id)


def _tried(notice: Notice) -> Answer:
    try:
        return post(notice) if notice.listener.kind == ListenerKind.WEBHOOK else mail(notice)
    except Exception:
        # A bug is loud in the log; the notice is tried again, and given up in the end.
        log.exception("notice %s could not be sent", notice.pk)
        return Answer(False, words="It could not be sent; the worker's log says why.")


@app.task(name=NOTICE_SWEEP, longest_seconds=Sweep.longest_seconds)
def sweep() -> None:
    """Send every listener to whom something is due: new, to be tried again, or left by a worker that was killed."""
    beat(NOTICE_SWEEP)
    for listener_id in listeners_due():
        _send(listener_id)


@app.task(name=DRY_SWEEP, longest_seconds=Sweep.longest_seconds)
def look_at_queues() -> None:
    """Note which queues have run dry."""
    announce_dry_queues()
