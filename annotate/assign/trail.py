"""The trail of what was done about raters. Whatever does something writes its line here, whoever asked for it."""

from __future__ import annotations

from datetime import datetime

from annotate.models import Intervention, Person, Rater


def note_deed(
    rater: Rater,
    deed: Intervention.Deed,
    *,
    reason: str = "",
    by: Person | None = None,
    since: datetime | None = None,
) -> Intervention:
    """In the transaction that does it. ``by`` is None where the queue did it by its own rules."""
    return Intervention.objects.create(rater=rater, deed=deed, reason=reason, made_by=by, since=since)
