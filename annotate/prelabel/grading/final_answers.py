"""Grade a final answer against a reference: right, wrong, ungradable or truncated.

Only the first two are evidence. Whatever cannot be read, compared or finished in time is *ungradable*, so that a
parser's weakness never becomes somebody's mistake. Pass the continuation alone: an answer standing in the prompt
would be graded in its place.

The comparison is exact for plain numbers, choice letters and words, and Math-Verify's for the rest
(https://github.com/huggingface/Math-Verify). Departures from it: a text that states no final answer is ungradable
instead of being graded by its last number, and so is a reference that cannot be parsed. Its equality is not
transitive where percent signs are involved (50 = 50 % = 0.5) and ignores units; both are kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from annotate.prelabel.contracts import FinishReason
from annotate.prelabel.grading import answers, pool

Outcome = Literal["right", "wrong", "ungradable", "truncated"]

DEADLINE_SECONDS = 5.0
_CLOSED_VOCABULARIES = (frozenset({"yes", "no"}), frozenset({"true", "false"}))


def grade(answer_text: str, reference: str, *, finish_reason: FinishReason = "stop") -> Outcome:
    """Compare the final answer stated in ``answer_text`` with ``reference``.

    ``length`` is truncated whatever the text says; other unfinished ends are ungradable.
    """
    if finish_reason == "length":
        return "truncated"
    if finish_reason != "stop" or len(answer_text) > answers.MAX_TEXT:
        return "ungradable"
    stated = answers.final_answer(answer_text)
    gold = stated_reference(reference)
    if not stated or not gold or max(len(stated), len(gold)) > answers.MAX_ANSWER:
        return "ungradable"
    return _compare(gold, stated)


def stated_reference(reference: str) -> str:
    """The answer within a reference, which may be a bare answer or a whole worked solution."""
    return answers.final_answer(reference) or (reference.strip() if "\n" not in reference.strip() else "")


def _compare(gold: str, stated: str) -> Outcome:
    gold_letter = answers.choice_letter(gold)
    if gold_letter is not None:
        letter = answers.choice_letter(stated)
        return "ungradable" if letter is None else _verdict(letter == gold_letter)
    gold_number, number = answers.plain_number(gold), answers.plain_number(stated)
    if gold_number is not None and number is not None:
        return _verdict(number.agrees_with(gold_number))
    gold_words, stated_words = answers.words(gold), answers.words(stated)
    if gold_words is not None or stated_words is not None:
        return _compare_words(gold_words, stated_words)
    if not (answers.is_formula(gold) and answers.is_formula(stated)):
        return "ungradable"
    return _compare_expressions(gold, stated)


def _compare_words(gold: str | None, stated: str | None) -> Outcome:
    """Equal words are right; different ones are wrong only where the vocabulary is closed (synonyms exist)."""
    if gold is not None and gold == stated:
        return "right"
    is_closed = any(gold in vocabulary and stated in vocabulary for vocabulary in _CLOSED_VOCABULARIES)
    return "wrong" if is_closed else "ungradable"


@lru_cache(maxsize=4096)
def _compare_expressions(gold: str, stated: str) -> Outcome:
    try:
        outcome = pool.ask_child(gold, stated, DEADLINE_SECONDS)
    except pool.ChildFailed:
        return "ungradable"
    return _OUTCOMES[outcome]


def _verdict(is_equal: bool) -> Outcome:
    return "right" if is_equal else "wrong"


_OUTCOMES: dict[str, Outcome] = {
    "right": "right",
    "wrong": "wrong",
    "ungradable": "ungradable",
}
