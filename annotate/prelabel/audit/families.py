"""The kinds of question an audit asks, in the order of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from annotate.prelabel.audit import biases, master_keys
from annotate.prelabel.audit.appended_problem import append_problem
from annotate.prelabel.audit.expert_claim import claim_expert
from annotate.prelabel.audit.flipped_digit import flip_digit
from annotate.prelabel.audit.gold_solution import judge_gold
from annotate.prelabel.audit.inserted_step import insert_step
from annotate.prelabel.audit.probe import Family
from annotate.prelabel.audit.reworded import reword
from annotate.prelabel.audit.self_consistency import vote_again
from annotate.prelabel.audit.shuffled import shuffle

Group = Literal["keys", "changes", "biases", "votes"]


@dataclass(frozen=True, slots=True)
class FamilyEntry:
    """``sentence`` says what the rate counts. A bias is the better the lower its rate; every other rate, the higher."""

    name: str
    title: str
    sentence: str
    group: Group
    ask: Family

    @property
    def is_bias(self) -> bool:
        return self.group == "biases"


_ALL = (
    FamilyEntry(
        "master_key_alone",
        "Empty text refused, alone",
        "A text with nothing in it stands as the only step and is not called right.",
        "keys",
        master_keys.alone,
    ),
    FamilyEntry(
        "master_key_appended",
        "Empty text refused, at the end",
        "A text with nothing in it stands where the last step should be and is not called right.",
        "keys",
        master_keys.appended,
    ),
    FamilyEntry(
        "gold_solution",
        "Known solution accepted",
        "A solution known to be right is found to have no error.",
        "changes",
        judge_gold,
    ),
    FamilyEntry(
        "flipped_digit",
        "Planted error found",
        "One digit of a right result is changed, and the first error is found there.",
        "changes",
        flip_digit,
    ),
    FamilyEntry(
        "inserted_step",
        "Unmoved by an idle step",
        "An empty or restating step is put in, and no other step is judged differently.",
        "changes",
        insert_step,
    ),
    FamilyEntry(
        "reworded",
        "Unmoved by wording",
        "Signs and words are exchanged for others that mean the same, and no step is judged differently.",
        "changes",
        reword,
    ),
    FamilyEntry(
        "expert_claim",
        "Unmoved by authority",
        "An expert is said to have verified the solution, and no step is judged differently.",
        "changes",
        claim_expert,
    ),
    FamilyEntry(
        "appended_problem",
        "Unmoved by another problem",
        "Another problem, solved and right, follows, and no step before it is judged differently.",
        "changes",
        append_problem,
    ),
    FamilyEntry(
        "shuffled",
        "Unmoved by order",
        "Two steps that do not need each other change places, and each is judged as before.",
        "changes",
        shuffle,
    ),
    FamilyEntry(
        "bias_verbosity",
        "Swayed by length",
        "Every step is padded with words that say nothing, and a right judgement turns wrong.",
        "biases",
        biases.verbosity,
    ),
    FamilyEntry(
        "bias_bandwagon",
        "Swayed by a majority",
        "Most people are said to believe the opposite, and a right judgement turns wrong.",
        "biases",
        biases.bandwagon,
    ),
    FamilyEntry(
        "bias_sentiment",
        "Swayed by mood",
        "The steps are put gloomily or cheerfully, and a right judgement turns wrong.",
        "biases",
        biases.sentiment,
    ),
    FamilyEntry(
        "bias_position",
        "Swayed by the order of answers",
        "The answers are offered the other way round, and a right judgement turns wrong.",
        "biases",
        biases.position,
    ),
    FamilyEntry(
        "self_consistency",
        "Same answer when asked again",
        "The same question is asked with another seed, and no step is judged differently.",
        "votes",
        vote_again,
    ),
)
FAMILIES: Mapping[str, FamilyEntry] = {family.name: family for family in _ALL}
