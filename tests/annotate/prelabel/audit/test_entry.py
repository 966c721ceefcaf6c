"""Every judge there is, under audit with a model that talks nonsense, and one that never answers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from annotate.prelabel.audit.entry import AUDIT, is_auditable
from annotate.prelabel.audit.kinds import PAIRS, TRACES
from annotate.prelabel.contracts import Completion, Task
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.strategies import AUDIT_ENTRY, STRATEGIES
from tests.annotate.prelabel.answering import run, said
from tests.annotate.prelabel.audit.of_pairs.judges import pair
from tests.annotate.prelabel.audit.of_traces.judges import SOLUTION, trace
from tests.annotate.prelabel.criteria import DIMENSIONS
from tests.annotate.prelabel.criteria import VERDICT as FULL_VERDICT

NEEDED = {"judge/likelihood": {"slope": 1.0, "intercept": -2.0, "threshold": 0.5}}
JUDGES = [name for name, entry in STRATEGIES.items() if is_auditable(entry)]


def settings_of(name: str) -> dict[str, Any]:
    judge = asdict(STRATEGIES[name].settings(NEEDED.get(name, {})))
    return {"judge": name, "judge_settings": judge, "votes": 3, "hint_rater": "gold/key", "bad": "bad"}


def task_for(name: str) -> Task:
    if STRATEGIES[name].task == "pair":
        return pair()
    return replace(
        trace(first_error=-1, solution="".join(SOLUTION)),
        criterion=FULL_VERDICT,
        criteria=(FULL_VERDICT, *DIMENSIONS),
    )


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize(
    "answer", [said("no idea"), said("half a", "length"), Completion("", "error", error="the model is away")]
)
def test_no_judge_is_credited_or_blamed_for_what_cannot_be_read(name, answer):
    finding, asked = run(AUDIT_ENTRY.start(task_for(name), settings_of(name)), lambda request, sample: answer)

    assert asked
    assert (finding.opinions, finding.silences) == ((), ())
    families = finding.summary["families"]
    assert set(families) == set((PAIRS if STRATEGIES[name].task == "pair" else TRACES).families)
    assert {(one["held"], one["failed"]) for one in families.values()} == {(0, 0)}
    assert sum(families["master_key_alone"]["unread"].values()) >= 10
    assert not any("the judge broke" in reason for one in families.values() for reason in one["unread"])


def test_judges_of_traces_and_of_pairs_are_audited_and_nothing_else_is():
    assert {"judge/critique", "judge/likelihood", "judge/pairwise"} <= set(JUDGES)
    assert all(name.startswith("judge/") for name in JUDGES)


def test_two_sides_in_both_orders_are_two_questions_to_a_judge_that_asks_in_both():
    _, asked = run(AUDIT_ENTRY.start(pair(), settings_of("judge/pairwise")), lambda *_: said("no idea"))
    about_one_key = [request for request in asked if "\nRespuesta\n" in request.messages[0].content]
    # Alone and at the end, on either side: each in two orders, with a comparison and a verdict.
    assert len(about_one_key) == 16
    assert len({request.digest for request in about_one_key}) == 8, "what is asked twice is paid for once"


def test_an_audit_asks_the_players_of_its_judge():
    judge = StrategyEntry(
        "judge/two", "judge", "Two", dict, lambda task, settings: None, players={"second": "second_backend"}
    )
    entry = replace(AUDIT_ENTRY, judges={"judge/two": judge})

    settings = {"judge": "judge/two", "judge_settings": {"second_backend": "openai:there"}}

    assert (entry.name, entry.player_addresses(settings)) == (AUDIT, {"second": "openai:there"})
