"""One kind of question, as the report names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from annotate.prelabel.audit.probe import Questions

Group = Literal["keys", "changes", "biases", "votes"]


@dataclass(frozen=True, slots=True)
class FamilyEntry:
    """``sentence`` says what the rate counts. A bias is the better the lower its rate; every other rate, the higher.

    ``ask`` takes the subject. A name stands for one rate, whatever is judged, and has one ``title``.
    """

    name: str
    title: str
    sentence: str
    group: Group
    ask: Callable[[Any], Questions]

    @property
    def is_bias(self) -> bool:
        return self.group == "biases"
