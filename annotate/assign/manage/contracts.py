"""Which traces a manager means, and what is to happen to them. Plain frozen values, checked as they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext, gettext_lazy, ngettext

from annotate.assign.ordering import TOP_PRIORITY
from annotate.assign.rules import MOST_READINGS
from annotate.enums import Outcome, Purpose
from annotate.settings import require

NOT_GRADED = "none"
States = Literal["", "unqueued", "unread", "under_way", "read"]


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Every field left at its default asks nothing.

    ``state``: not in the queue, not read by anybody, some readings in and some wanted, all readings in. ``outcome``
    may be ``none``: not graded. ``least_disagreement`` is the least share of disagreeing readings. ``search`` is
    sought in ids and problems.
    """

    state: States = ""
    use: str = ""
    outcome: str = ""
    stratum: str = ""
    has_gold: Literal["", "yes", "no"] = ""
    least_disagreement: float = 0.0
    search: str = ""

    def __post_init__(self) -> None:
        require(
            self.use in ("", *Purpose.values),
            "use",
            gettext("must be one of %(values)s.") % {"values": ", ".join(Purpose.values)},
        )
        known = ("", NOT_GRADED, *Outcome.values)
        require(
            self.outcome in known,
            "outcome",
            gettext("must be one of %(known)s.") % {"known": ", ".join(known[1:])},
        )
        require(0 <= self.least_disagreement <= 1, "least_disagreement", gettext("must be from 0 to 1."))

    @property
    def is_empty(self) -> bool:
        return self == TraceFilter()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do to every trace of a filter: ``add_slots`` readings more, a new ``use``, or a ``priority``."""

    do: Literal["add_slots", "use", "priority"]
    slots: int = 1
    use: str = Purpose.WORK
    priority: int = 0

    def __post_init__(self) -> None:
        require(
            1 <= self.slots <= MOST_READINGS,
            "slots",
            gettext("must be from 1 to %(most_readings)s.") % {"most_readings": MOST_READINGS},
        )
        require(
            self.use in Purpose.values,
            "use",
            gettext("must be one of %(values)s.") % {"values": ", ".join(Purpose.values)},
        )
        require(
            abs(self.priority) <= TOP_PRIORITY,
            "priority",
            gettext("must be from -%(top_priority)s to %(top_priority)s.") % {"top_priority": TOP_PRIORITY},
        )

    def __str__(self) -> str:
        if self.do == "add_slots":
            return ngettext(
                "ask for %(slots)d reading more of each",
                "ask for %(slots)d readings more of each",
                self.slots,
            ) % {"slots": self.slots}
        if self.do == "priority":
            return gettext("give each the priority %(priority)s") % {"priority": self.priority}
        return str(_USES[Purpose(self.use)])


_USES = {
    Purpose.WORK: gettext_lazy("put each into the ordinary queue"),
    Purpose.GOLD: gettext_lazy("use each as hidden gold"),
    Purpose.EXAM: gettext_lazy("use each in the exam"),
    Purpose.DEMO: gettext_lazy("use each as a demonstration"),
    Purpose.WITHDRAWN: gettext_lazy("withdraw each from the queue"),
}
