from __future__ import annotations

from annotate.prelabel.audit.spelling import paraphrased, respelled


def test_signs_and_words_change_and_numbers_do_not():
    assert respelled("So 10 - 3 = 7 and 2*3=6.") == "So 10 − 3=7 and 2×3 = 6."
    assert paraphrased("So it is, thus 7.") == "Therefore it is, hence 7."
