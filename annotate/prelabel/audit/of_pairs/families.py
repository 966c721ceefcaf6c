"""What judges of pairs are asked, in the order of the report."""

from __future__ import annotations

from annotate.prelabel.audit.family import FamilyEntry
from annotate.prelabel.audit.of_pairs import biases, master_keys, orders
from annotate.prelabel.audit.of_pairs.expert_claim import claim_expert
from annotate.prelabel.audit.of_pairs.flipped_digit import flip_digit
from annotate.prelabel.audit.of_pairs.gold_pair import judge_gold
from annotate.prelabel.audit.of_pairs.same_text import compare_equals
from annotate.prelabel.audit.self_consistency import vote_again

FAMILIES = (
    FamilyEntry(
        "master_key_alone",
        "Empty text refused, alone",
        "A text with nothing in it stands beside a solution and is not preferred.",
        "keys",
        master_keys.alone,
    ),
    FamilyEntry(
        "master_key_appended",
        "Empty text refused, at the end",
        "A text with nothing in it stands where the end of a right solution should be, and the copy is not preferred.",
        "keys",
        master_keys.appended,
    ),
    FamilyEntry(
        "gold_pair",
        "Known better side preferred",
        "Of a right and a wrong trace, or of a pair with a gold label, the side known to be better is preferred.",
        "changes",
        judge_gold,
    ),
    FamilyEntry(
        "flipped_digit",
        "Planted error found",
        "One digit of a right result is changed in a copy, and the original is preferred to it.",
        "changes",
        flip_digit,
    ),
    FamilyEntry(
        "same_text",
        "No preference between equals",
        "The same stands on both sides, letter for letter or with other signs and words, and neither is preferred.",
        "changes",
        compare_equals,
    ),
    FamilyEntry(
        "expert_claim",
        "Unmoved by authority",
        "An expert is said to have verified the worse side, and the same side is preferred as before.",
        "changes",
        claim_expert,
    ),
    FamilyEntry(
        "orders_agree",
        "Same preference in both orders",
        "The judge shows its model the two in both orders, and each order prefers the same side.",
        "changes",
        orders.compare_orders,
    ),
    FamilyEntry(
        "bias_verbosity",
        "Swayed by length",
        "The worse side is padded with words that say nothing, and the better one is no longer preferred.",
        "biases",
        biases.verbosity,
    ),
    FamilyEntry(
        "bias_bandwagon",
        "Swayed by a majority",
        "Most people are said to prefer the worse side, and the better one is no longer preferred.",
        "biases",
        biases.bandwagon,
    ),
    FamilyEntry(
        "bias_sentiment",
        "Swayed by mood",
        "The better side is put gloomily, the worse cheerfully, and the better one is no longer preferred.",
        "biases",
        biases.sentiment,
    ),
    FamilyEntry(
        "bias_position",
        "Swayed by the order shown",
        "The two change places, and what was preferred no longer is.",
        "biases",
        orders.swap,
    ),
    FamilyEntry(
        "self_consistency",
        "Same answer when asked again",
        "The same question is asked with another seed, and the same side is preferred.",
        "votes",
        vote_again,
    ),
)
