from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.prelabel.asking.judging import JudgeSettings, found, least_votes, require_votes, until_first_bad
from annotate.prelabel.contracts import Opinion, Silence


def test_what_follows_the_first_bad_step_is_kept_as_evidence_only() -> None:
    said = [Opinion(0, "good"), Silence(1, "unread"), Opinion(2, "bad"), Opinion(3, "bad"), Silence(4, "tie")]
    kept = until_first_bad(said, "bad")
    assert kept[:3] == said[:3]
    assert [(one.position, one.reason, one.evidence) for one in kept[3:] if isinstance(one, Silence)] == [
        (3, "after the first error", {"said": "bad"}),
        (4, "after the first error", {"said": "tie"}),
    ]


def test_finding_names_the_first_bad_step() -> None:
    finding = found(
        [Opinion(0, "good"), Opinion(4, "bad"), Opinion(6, "bad"), Silence(7, "?")], "bad", note=1
    )
    assert finding.summary == {"first_error": 4, "judged": 3, "note": 1}
    assert [silence.position for silence in finding.silences] == [7]


def test_turns_of_a_conversation_alternate_after_the_system_message() -> None:
    request = JudgeSettings(system="Be careful.").request("one", "two", "three", n=4, purpose="review")
    assert [(message.role, message.content) for message in request.messages] == [
        ("system", "Be careful."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]
    assert (request.n, request.purpose, request.about) == (4, "review", None)


@pytest.mark.parametrize(
    ("field", "votes", "least", "temperature"),
    [("votes", 0, 0, 1.0), ("votes", 257, 0, 1.0), ("temperature", 2, 0, 0.0), ("min_votes", 2, 3, 1.0)],
)
def test_votes_that_make_no_sense_name_the_field(
    field: str, votes: int, least: int, temperature: float
) -> None:
    with pytest.raises(Rejected) as caught:
        require_votes(votes, least, temperature)
    assert caught.value.field == field


def test_more_than_half_of_the_votes_are_needed_unless_told() -> None:
    assert [least_votes(votes, 0) for votes in (1, 2, 3, 4, 16)] == [1, 2, 2, 3, 9]
    assert least_votes(16, 2) == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("temperature", {"temperature": -0.1}),
        ("top_p", {"top_p": 0.0}),
        ("top_k", {"top_k": -1}),
        ("max_tokens", {"max_tokens": 0}),
        ("bad", {"bad": "good"}),
    ],
)
def test_settings_name_the_field_that_is_wrong(field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        JudgeSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.field == field
