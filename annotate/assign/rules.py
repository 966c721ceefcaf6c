"""What a project's queue goes by, besides overlap and lease: kept as JSON in the project, read as this dataclass."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from django.utils.translation import gettext

from annotate.models import Project
from annotate.settings import build_settings, require

from .ordering import get_policy

MOST_READINGS = 20


@dataclass(frozen=True, slots=True)
class QueueRules:
    """Shares are from 0 to 1; 0 switches a rule off.

    ``policy`` orders the queue; ``seed`` draws what is random about it. ``stratum_key`` names a key of the traces'
    meta data, ``overlap_of`` holds lines like ``math=3``: readings for traces with that value there. A trace grows
    by one reading while its readers disagree (``grow_when``, ``grow_share`` for the last of its choices) and it has
    fewer than ``grow_to``. ``skill_key`` names the key whose value a member must have among their skills.
    ``gold_rate`` is the share of hidden gold among what a person reads; ``gold_feedback`` tells them after each.
    A person is paused when, over their last ``pause_window`` readings, gold accuracy or the median of seconds per
    step is below its floor. ``exam_size`` traces with at least ``exam_pass`` right open the queue to a newcomer.
    """

    policy: str = "sequential"
    seed: int = 0
    stratum_key: str = ""
    overlap_of: tuple[str, ...] = ()
    grow_to: int = 0
    grow_when: Literal["no_majority", "any_step", "first_error", "share"] = "no_majority"
    grow_share: float = 0.2
    skill_key: str = ""
    gold_rate: float = 0.0
    gold_feedback: bool = False
    pause_window: int = 10
    pause_below_accuracy: float = 0.0
    pause_below_seconds: float = 0.0
    exam_size: int = 0
    exam_pass: float = 0.8

    def __post_init__(self) -> None:
        get_policy(self.policy)
        overlap_by_stratum(self.overlap_of)
        require(
            not self.overlap_of or self.stratum_key != "",
            "stratum_key",
            gettext("is needed for overlaps of its values."),
        )
        require(
            0 <= self.grow_to <= MOST_READINGS,
            "grow_to",
            gettext("must be from 0 to %(most_readings)s.") % {"most_readings": MOST_READINGS},
        )
        require(0 <= self.grow_share < 1, "grow_share", gettext("must be at least 0 and below 1."))
        require(0 <= self.gold_rate <= 0.5, "gold_rate", gettext("must be from 0 to 0.5."))
        require(1 <= self.pause_window <= 200, "pause_window", gettext("must be from 1 to 200."))
        require(0 <= self.pause_below_accuracy <= 1, "pause_below_accuracy", gettext("must be from 0 to 1."))
        require(
            0 <= self.pause_below_seconds <= 3600, "pause_below_seconds", gettext("must be from 0 to 3600.")
        )
        require(0 <= self.exam_size <= 100, "exam_size", gettext("must be from 0 to 100."))
        require(0 < self.exam_pass <= 1, "exam_pass", gettext("must be above 0 and at most 1."))

    @property
    def asks_of_members(self) -> bool:
        """Whether a claim depends on a person's role or skills."""
        return self.exam_size > 0 or self.skill_key != ""

    def overlap_for(self, stratum: str, usual: int) -> int:
        return overlap_by_stratum(self.overlap_of).get(stratum, usual)


def overlap_by_stratum(lines: tuple[str, ...]) -> dict[str, int]:
    """``("math=3", "gsm8k=1")`` as a mapping; raises Rejected for a line that says something else."""
    found: dict[str, int] = {}
    for line in lines:
        name, equals, number = (part.strip() for part in line.rpartition("="))
        require(
            bool(name) and bool(equals) and number.isdecimal() and 1 <= int(number) <= MOST_READINGS,
            "overlap_of",
            gettext("%(line)s should be like math=3, with 1 to %(most_readings)s readings.")
            % {"line": f"{line!r}", "most_readings": MOST_READINGS},
        )
        require(name not in found, "overlap_of", gettext("%(name)s is there twice.") % {"name": name})
        found[name] = int(number)
    return found


def rules_of(project: Project) -> QueueRules:
    return _rules(json.dumps(project.queue_rules))


# A submission and the claim behind it ask four times, and to read and check the rules takes 350 calls.
@lru_cache(maxsize=256)
def _rules(written: str) -> QueueRules:
    return build_settings(QueueRules, json.loads(written))


def as_json(rules: QueueRules) -> dict[str, Any]:
    return asdict(rules) | {"overlap_of": list(rules.overlap_of)}
