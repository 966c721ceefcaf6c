from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.audit.phrases import MASTER_KEYS, before, behind


@given(st.text(alphabet="ab \n", max_size=8))
def test_what_ends_a_step_stays_at_its_end(text):
    padded = behind(text, "more")
    assert padded.endswith("more" + text[len(text.rstrip()) :])
    assert before(text, "more").endswith(text.lstrip())


def test_the_ten_keys_are_ten():
    assert len(set(MASTER_KEYS)) == 10
