from __future__ import annotations

from annotate.enums import Scope
from annotate.prelabel.audit.kinds import PAIRS, RATES, TRACES, kind_asked_about


def test_a_rate_that_both_kinds_have_goes_by_one_title_and_group() -> None:
    for name in TRACES.families.keys() & PAIRS.families.keys():
        one, other = TRACES.families[name], PAIRS.families[name]
        assert (one.title, one.group) == (other.title, other.group)


def test_every_rate_can_be_gated_and_no_two_share_a_title() -> None:
    assert RATES.keys() == TRACES.families.keys() | PAIRS.families.keys()
    assert len({family.title for family in RATES.values()}) == len(RATES)


def test_the_scope_of_the_criterion_says_what_is_asked_about() -> None:
    assert [kind_asked_about(scope).noun for scope in Scope.values] == [
        "trace",
        "trace",
        "pair",
        "trace",
        "trace",
    ]
