from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.ingest.tags import tags_in, tidy_tags

TAGS, SEVERITIES = {"sign", "unit"}, ("minor", "fatal")


def test_tags_come_in_order_and_once() -> None:
    assert tidy_tags("unit sign unit", TAGS, ()) == "sign unit"
    assert tidy_tags("unit:fatal sign:minor", TAGS, SEVERITIES) == "sign:minor unit:fatal"


@pytest.mark.parametrize(
    ("value", "severities", "why"),
    [
        ("", (), "at least one"),
        ("colour", (), "known: sign, unit"),
        ("sign:minor", (), "no severities here"),
        ("sign", SEVERITIES, r"sign needs a severity \(sign:minor\)"),
        ("sign:huge", SEVERITIES, "needs a severity"),
        ("sign:minor sign:fatal", SEVERITIES, "two severities"),
    ],
)
def test_what_does_not_fit_is_said(value: str, severities: tuple[str, ...], why: str) -> None:
    with pytest.raises(Rejected, match=why):
        tidy_tags(value, TAGS, severities)


def test_an_answer_longer_than_its_column_is_refused() -> None:
    tags = {f"{'t' * 38}{n}" for n in range(6)}
    with pytest.raises(Rejected, match="too many"):
        tidy_tags(" ".join(tags), tags, ())


def test_tags_without_their_severities() -> None:
    assert tags_in("sign:minor unit") == ("sign", "unit")
    assert tags_in("good") == ("good",)
    assert tags_in("") == ()
