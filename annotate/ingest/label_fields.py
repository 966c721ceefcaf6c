"""The fields of a label, the same inside a trace row and in a table of labels."""

from __future__ import annotations

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import LabelDraft, RaterDraft
from annotate.ingest.fields import Fields

LABEL_FIELDS = frozenset(
    {"step", "rater", "rater_kind", "is_simulated", "criterion", "value", "text", "seconds"}
)
MAX_RATER_NAME = 160
VERDICT = "verdict"
# Whose a reviewer's decision is where it was not made.
REVIEWED = "gold/review"
RECOVERABLE = "recoverable"


def label_draft(fields: Fields, *, origin: str = "", is_released: bool = False) -> LabelDraft:
    """Read one label. ``step`` is a 0-based position; without it the label speaks of the whole trace.

    A reviewer's decision binds the project it was made in, and no other. In a row of a release (``is_released``) it
    becomes an answer key, which says the same and decides nothing.
    """
    position = fields.integer("step") if fields.has("step") else None
    if position is not None and position < 0:
        raise Rejected("steps count from 0", field=fields.path("step"))
    name = fields.name("rater")
    if len(name) > MAX_RATER_NAME:
        raise Rejected(f"a rater's name has at most {MAX_RATER_NAME} characters", field=fields.path("rater"))
    kind = fields.choice("rater_kind", RaterKind, RaterKind.PERSON)
    if kind == RaterKind.REVIEW and is_released:
        name, kind = REVIEWED, RaterKind.GOLD
    if kind == RaterKind.REVIEW:
        reason = "a reviewer's decision is made in Gradus and cannot be brought in"
        raise Rejected(reason, field=fields.path("rater_kind"))
    return LabelDraft(
        rater=RaterDraft(
            name=name,
            kind=kind,
            is_simulated=fields.flag("is_simulated"),
        ),
        criterion=fields.optional_name("criterion") or VERDICT,
        position=position,
        value=fields.optional_name("value"),
        text=fields.optional_text("text") or "",
        seconds=fields.seconds("seconds"),
        origin=origin,
    )


def first_error_labels(
    rater: RaterDraft, first_error: int | None, n_steps: int, *, origin: str
) -> tuple[LabelDraft, ...]:
    """A key that names the earliest wrong step: those before it are good, those after it stay unlabelled.

    ``first_error`` None: there is none, and every step is good. Raises Rejected when the step does not exist.
    """
    if first_error is None:
        verdicts = [Verdict.GOOD] * n_steps
    elif 0 <= first_error < n_steps:
        verdicts = [Verdict.GOOD] * first_error + [Verdict.BAD]
    else:
        raise Rejected(f"names step {first_error}; the steps are 0 to {n_steps - 1}", field=origin)
    return tuple(
        LabelDraft(rater, VERDICT, position, verdict, origin=origin)
        for position, verdict in enumerate(verdicts)
    )
