"""The critique judge's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import JudgeSettings, least_votes, require_votes
from annotate.prelabel.asking.paragraphs import Shown
from annotate.prelabel.asking.votes import Merge
from annotate.settings import require

_PROMPTS = {"equation": "critique-equation@v1", "paragraph": "critique-paragraph@v2"}
_WITH_REFERENCE = "${reference}"


@dataclass(frozen=True, slots=True)
class CritiqueSettings(JudgeSettings):
    """``prompt`` empty means the newest of the dialect.

    ``show_reference`` puts the reference answer or the worked solution into the prompt; a trace without is then
    passed over.

    ``votes`` critiques are drawn and merged by ``merge`` (see ``annotate.prelabel.asking.votes.decide``; ``first``
    takes the first that can be read). With fewer than ``min_votes`` readable ones there is no label; 0 stands for
    more than half.

    ``dialect``: ``paragraph`` for any chat model, or ``equation`` for small models that were trained for it.
    """

    dialect: Literal["equation", "paragraph"] = "paragraph"
    prompt: str = ""
    show_reference: Shown = "none"
    votes: int = 1
    merge: Merge = "majority"
    min_votes: int = 0

    def __post_init__(self) -> None:
        JudgeSettings.__post_init__(self)
        require(self.dialect in _PROMPTS, "dialect", f"must be one of {', '.join(_PROMPTS)}.")
        family = f"critique-{self.dialect}@"
        require(not self.prompt or self.prompt.startswith(family), "prompt", f"must start with {family}.")
        require_votes(self.votes, self.min_votes, self.temperature)
        text = prompts.load(self.prompt_name).text
        shows = self.show_reference == "none" or _WITH_REFERENCE in text
        require(shows, "show_reference", f"must be none: {self.prompt_name} has no place for a reference.")

    @property
    def prompt_name(self) -> str:
        return self.prompt or _PROMPTS[self.dialect]

    @property
    def least(self) -> int:
        """How many critiques must be readable."""
        return 1 if self.merge == "first" and not self.min_votes else least_votes(self.votes, self.min_votes)
