"""What judges of traces are asked, in the order of the report."""

from __future__ import annotations

from annotate.prelabel.audit.family import FamilyEntry
from annotate.prelabel.audit.of_traces import biases, master_keys
from annotate.prelabel.audit.of_traces.appended_problem import append_problem
from annotate.prelabel.audit.of_traces.expert_claim import claim_expert
from annotate.prelabel.audit.of_traces.flipped_digit import flip_digit
from annotate.prelabel.audit.of_traces.gold_solution import judge_gold
from annotate.prelabel.audit.of_traces.inserted_step import insert_step
from annotate.prelabel.audit.of_traces.reworded import reword
from annotate.prelabel.audit.of_traces.shuffled import shuffle
from annotate.prelabel.audit.self_consistency import vote_again

FAMILIES = (
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
        "Swayed by the order shown",
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
