from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, FinishReason
from annotate.prelabel.judge.critique import CritiqueSettings, judge_critique
from fixtures.tinylm.critique import critique_prompt
from tests.annotate.prelabel.answering import reasons, run, said, trace, values

EQUATION = CritiqueSettings(dialect="equation", max_tokens=48)
PARAGRAPH = CritiqueSettings()
STEPS = ("Step 1: 2 + 3 = 5.\n", "Step 2: 5 + 1 = 7.\n", "Answer: 7\n")


def test_equation_prompt_is_the_one_the_small_judge_was_trained_on() -> None:
    task = trace(*STEPS)
    _, asked = run(judge_critique(task, EQUATION), lambda request, sample: said(""))
    wanted = [critique_prompt(task.problem, "".join(STEPS[:t]), STEPS[t]) for t in range(3)]
    assert [[m.content for m in request.messages] for request in asked] == [[text] for text in wanted]
    assert [request.sampling.temperature for request in asked] == [0.0] * 3


def test_equation_critiques_are_compared_not_believed() -> None:
    texts = {0: "Check: 2 + 3 = 5, found 5.", 1: "Check: 5 + 1 = 6, found 7.", 2: "The answer is right."}
    finding, _ = run(
        judge_critique(trace(*STEPS), EQUATION), lambda request, sample: said(texts[request.about or 0])
    )
    assert values(finding) == {0: "good", 1: "bad"}
    assert reasons(finding) == {2: "unparsable critique"}
    assert finding.silences[0].evidence["text"] == texts[2]
    assert finding.opinions[1].text == texts[1]
    assert finding.summary["first_error"] == 1


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "the critique was cut off"), ("refused", "the critique ended with refused")],
)
@pytest.mark.parametrize("settings", [EQUATION, PARAGRAPH])
def test_unfinished_critique_is_no_label(
    settings: CritiqueSettings, finish: FinishReason, reason: str
) -> None:
    text = "Check: 2 + 3 = 5, found 5." if settings is EQUATION else r"\boxed{-1}"
    finding, _ = run(
        judge_critique(trace(*STEPS), settings), lambda request, sample: Completion(text, finish)
    )
    assert finding.opinions == ()
    assert set(reasons(finding).values()) == {reason}


def test_paragraph_prompt_numbers_the_steps_from_one() -> None:
    _, (asked,) = run(judge_critique(trace(*STEPS), PARAGRAPH), lambda request, sample: said(""))
    content = asked.messages[-1].content
    for number, step in enumerate(STEPS, 1):
        assert f"<paragraph_{number}>\n{step.strip()}\n</paragraph_{number}>" in content
    assert "Ann has 3 apples." in content
    assert "${" not in content


def test_paragraph_critique_labels_up_to_the_first_error() -> None:
    text = "<analysis_1>fine</analysis_1>\n<analysis_2>5 + 1 is 6</analysis_2>\n\\boxed{2}"
    finding, asked = run(judge_critique(trace(*STEPS), PARAGRAPH), lambda request, sample: said(text))
    assert [request.about for request in asked] == [None]
    assert values(finding) == {0: "good", 1: "bad"}
    assert reasons(finding) == {2: "after the first error"}
    assert [opinion.text for opinion in finding.opinions] == ["fine", "5 + 1 is 6"]
    assert finding.summary["first_error"] == 1


def test_paragraph_critique_without_error_labels_all_steps_good() -> None:
    finding, _ = run(judge_critique(trace(*STEPS), PARAGRAPH), lambda request, sample: said(r"\boxed{-1}"))
    assert values(finding) == {0: "good", 1: "good", 2: "good"}
    assert finding.summary["first_error"] is None


def test_unreadable_paragraph_critique_is_silent_about_the_whole_trace() -> None:
    finding, _ = run(judge_critique(trace(*STEPS), PARAGRAPH), lambda request, sample: said("All fine!"))
    assert (finding.opinions, reasons(finding)) == ((), {None: "the critique names no paragraph"})
    assert finding.silences[0].evidence["text"] == "All fine!"


def test_steps_may_hold_placeholders_and_dollars() -> None:
    task = trace("costs $5 and ${problem}\n", "Answer: 5")
    _, (asked,) = run(judge_critique(task, PARAGRAPH), lambda request, sample: said(""))
    assert "costs $5 and ${problem}" in asked.messages[-1].content


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("prompt", {"prompt": "critique-equation@v1"}),
        ("prompt", {"prompt": "critique-paragraph@v99"}),
        ("prompt", {"prompt": "critique-paragraph@../../secret"}),
        ("max_tokens", {"max_tokens": 0}),
        ("bad", {"bad": "good"}),
    ],
)
def test_settings_name_the_field_that_is_wrong(field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        CritiqueSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.field == field
