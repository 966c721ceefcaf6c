"""The panel judge's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import JudgeSettings, least_votes, require_votes
from annotate.prelabel.asking.paragraphs import Shown
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class PanelSettings(JudgeSettings):
    """``votes`` verifications are drawn; 16 is what the paper is believed to use, which we could not verify.

    Fewer than ``min_votes`` readable verifications, or fewer that commit themselves on a step, are no label; 0 stands
    for more than half of ``votes``. ``meta``: no review; one verification, reviewed by the judge (``critique``, which
    draws one whatever ``votes`` says); or the vote, and a review of the verification nearest to it (``hybrid``).
    ``after_error``: whether steps after the first bad one are passed over or labelled as well. With
    ``show_reference`` a trace without a reference is passed over.

    ``review_prompt`` is the wording of the review.
    """

    temperature: float = 0.7
    votes: int = 16
    min_votes: int = 0
    meta: Literal["none", "critique", "hybrid"] = "none"
    show_reference: Shown = "none"
    after_error: Literal["silence", "label"] = "silence"
    prompt: str = "panel@v1"
    review_prompt: str = "panel-review@v1"

    def __post_init__(self) -> None:
        JudgeSettings.__post_init__(self)
        require_votes(self.votes, self.min_votes, self.temperature)
        require(self.meta in ("none", "critique", "hybrid"), "meta", "must be none, critique or hybrid.")
        require(self.after_error in ("silence", "label"), "after_error", "must be silence or label.")
        require(self.prompt.startswith("panel@"), "prompt", "must start with panel@.")
        require(
            self.review_prompt.startswith("panel-review@"),
            "review_prompt",
            "must start with panel-review@.",
        )
        prompts.load(self.prompt)
        prompts.load(self.review_prompt)

    @property
    def drawn(self) -> int:
        return 1 if self.meta == "critique" else self.votes

    @property
    def least(self) -> int:
        """How many verifications must be readable, and speak on a step."""
        return 1 if self.meta == "critique" else least_votes(self.votes, self.min_votes)
