"""Every judge there is, under audit with a model that talks nonsense, and one that never answers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from annotate.prelabel.audit.entry import AUDIT, is_auditable
from annotate.prelabel.audit.kinds import TRACES
from annotate.prelabel.contracts import Completion
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.strategies import AUDIT_ENTRY, STRATEGIES
from tests.annotate.prelabel.answering import run, said
from tests.annotate.prelabel.audit.of_traces.judges import SOLUTION, trace
from tests.annotate.prelabel.criteria import DIMENSIONS
from tests.annotate.prelabel.criteria import VERDICT as FULL_VERDICT

NEEDED = {"judge/likelihood": {"slope": 1.0, "intercept": -2.0, "threshold": 0.5}}
JUDGES = [name for name, entry in STRATEGIES.items() if is_auditable(entry)]


def settings_of(name: str) -> dict[str, Any]:
    judge = asdict(STRATEGIES[name].settings(NEEDED.get(name, {})))
    return {"judge": name, "judge_settings": judge, "votes": 3, "hint_rater": "gold/key", "bad": "bad"}


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize(
    "answer", [said("no idea"), said("half a", "length"), Completion("", "error", error="the model is away")]
)
def test_no_judge_is_credited_or_blamed_for_what_cannot_be_read(name, answer):
    task = replace(
        trace(first_error=-1, solution="".join(SOLUTION)),
        criterion=FULL_VERDICT,
        criteria=(FULL_VERDICT, *DIMENSIONS),
    )

    finding, asked = run(AUDIT_ENTRY.start(task, settings_of(name)), lambda request, sample: answer)

    assert asked
    assert (finding.opinions, finding.silences) == ((), ())
    families = finding.summary["families"]
    assert set(families) == set(TRACES.families)
    assert {(one["held"], one["failed"]) for one in families.values()} == {(0, 0)}
    assert sum(families["master_key_alone"]["unread"].values()) == 10
    assert not any("the judge broke" in reason for one in families.values() for reason in one["unread"])


def test_judges_of_pairs_and_other_strategies_are_not_audited():
    assert "judge/pairwise" not in JUDGES
    assert {"judge/critique", "judge/likelihood"} <= set(JUDGES)
    assert all(name.startswith("judge/") for name in JUDGES)


def test_an_audit_asks_the_players_of_its_judge():
    judge = StrategyEntry(
        "judge/two", "judge", "Two", dict, lambda task, settings: None, players={"second": "second_backend"}
    )
    entry = replace(AUDIT_ENTRY, judges={"judge/two": judge})

    settings = {"judge": "judge/two", "judge_settings": {"second_backend": "openai:there"}}

    assert (entry.name, entry.player_addresses(settings)) == (AUDIT, {"second": "openai:there"})
