from __future__ import annotations

import pytest

from annotate.assign.rules import QueueRules, as_json, overlap_by_stratum, rules_of
from annotate.errors import Rejected
from annotate.models import Project
from annotate.settings import build_settings


def test_rules_survive_the_way_through_json() -> None:
    rules = QueueRules(policy="random", stratum_key="dataset", overlap_of=("math=3",), gold_rate=0.1)
    assert rules_of(Project(queue_rules=as_json(rules))) == rules
    assert rules_of(Project()) == QueueRules()


def test_overlap_is_the_stratums_or_the_usual_one() -> None:
    rules = QueueRules(stratum_key="dataset", overlap_of=("gsm8k=1", "a=b=2"))
    assert [rules.overlap_for(name, 5) for name in ("gsm8k", "a=b", "other", "")] == [1, 2, 5, 5]


@pytest.mark.parametrize("line", ["math", "math=0", "=3", "math=many", "math=21"])
def test_a_line_that_is_no_overlap_is_refused(line: str) -> None:
    with pytest.raises(Rejected, match="should be like math=3"):
        overlap_by_stratum((line,))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"policy": "best"}, "policy"),
        ({"overlap_of": ["math=3"]}, "stratum_key"),
        ({"overlap_of": ["math=3", "math=2"], "stratum_key": "set"}, "overlap_of"),
        ({"gold_rate": 0.9}, "gold_rate"),
        ({"pause_window": 0}, "pause_window"),
        ({"exam_pass": 0}, "exam_pass"),
        ({"grow_when": "never"}, "grow_when"),
        ({"grow_to": 21}, "grow_to"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_rule_out_of_range_names_its_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        build_settings(QueueRules, given)
    assert refused.value.field == field
