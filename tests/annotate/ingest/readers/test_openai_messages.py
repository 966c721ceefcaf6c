from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.enums import StepKind
from annotate.errors import Rejected
from annotate.ingest.conversation import MESSAGE, conversation_of
from annotate.ingest.message_fields import Message, Role
from annotate.ingest.options import ReadOptions
from annotate.ingest.splitting import SplitMode
from tests.annotate.ingest.readers.reading import bad, one_trace, texts, written
from tests.pictures import a_png

PNG = a_png(3, 2)
URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
ASKED = {"role": "user", "content": "How hot is it?"}
CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"at": "Bonn"}'}}


def kinds(folder: Path, *messages: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    draft = one_trace(written(folder, {"messages": list(messages), **fields}), "openai_messages")
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


def test_reasoning_words_calls_and_answers_are_steps_of_their_own(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": "I look.", "reasoning_content": "No idea.", "tool_calls": [CALL]}
    answer = {"role": "tool", "tool_call_id": "c", "name": "weather", "content": "31"}
    done = {"role": "assistant", "content": "31 degrees.\n\nHot."}
    assert kinds(tmp_path, ASKED, said, answer, done) == [
        ("thought", "No idea."),
        ("thought", "I look."),
        ("action", '{"name": "weather", "arguments": {"at": "Bonn"}}'),
        ("observation", "31"),
        ("action", "31 degrees.\n\nHot."),
    ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("system", "user"), "One.\n\n"),
        (("system", "developer", "user"), "One.\n\nTwo.\n\n"),
        (("user", "system"), ""),
        (("system",), ""),
    ],
)
def test_how_much_of_a_problem_is_the_systems_is_in_its_meta(
    tmp_path: Path, roles: tuple[str, ...], expected: str
) -> None:
    words = ("One.", "Two.", "Three.")
    asked = [{"role": role, "content": text} for role, text in zip(roles, words, strict=False)]
    said = {"role": "assistant", "content": "Yes."}
    problem = one_trace(written(tmp_path, {"messages": [*asked, said]}), "openai_messages").problem
    assert problem.text == "\n\n".join(words[: len(roles)])
    assert problem.text[: problem.meta.get("system_characters", 0)] == expected


def test_calls_stay_as_they_came_in_the_meta(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]}
    draft = one_trace(
        written(tmp_path, {"messages": [ASKED, said], "tools": [{"type": "function"}]}), "openai_messages"
    )
    (step,) = draft.steps
    assert (
        step.meta["tool_calls"]
        == [{"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"at": "Bonn"}'}}]
        * 2
    )
    assert step.text.startswith('[{"name": "weather"')
    assert draft.meta["tools"] == [{"type": "function"}]


def test_answer_of_a_chat_is_cut_into_thoughts(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"id": 7, "messages": [ASKED, {"role": "assistant", "content": "One. Two.\n\nThree."}]}
    )
    draft = one_trace(path, "openai_messages")
    assert (draft.external_id, texts(draft)) == ("7", ["One. Two.\n\n", "Three."])
    by_sentence = one_trace(path, "openai_messages", ReadOptions(split=SplitMode.SENTENCE))
    assert texts(by_sentence) == ["One. ", "Two.\n\n", "Three."]


def test_other_spellings_say_the_same(tmp_path: Path) -> None:
    expected = [
        ("thought", "Hm."),
        ("action", '{"name": "weather", "arguments": {"at": "Bonn"}}'),
        ("observation", "31"),
    ]
    blocks = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "tool_use", "id": "c", "name": "weather", "input": {"at": "Bonn"}},
    ]
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "31"}]}
    assert kinds(tmp_path, ASKED, {"role": "assistant", "content": blocks}, result) == expected
    parts = [
        {"type": "reasoning", "content": "Hm."},
        {"type": "tool_call", "id": "c", "name": "weather", "arguments": {"at": "Bonn"}},
    ]
    answer = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "31"}]}
    assert kinds(tmp_path, ASKED, {"role": "assistant", "parts": parts}, answer) == expected
    old = {"role": "assistant", "content": None, "reasoning": "Hm.", "function_call": CALL["function"]}
    assert kinds(tmp_path, ASKED, old, {"role": "function", "name": "weather", "content": "31"}) == expected
    shared = [{"from": "human", "value": "How hot?"}, {"from": "gpt", "value": "Very."}]
    draft = one_trace(written(tmp_path, {"conversations": shared}), "openai_messages")
    assert (draft.problem.text, texts(draft)) == ("How hot?", ["Very."])


def test_images_come_as_data_and_never_from_afar(tmp_path: Path) -> None:
    shown = {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": URI}},
        ],
    }
    seen = {
        "role": "tool",
        "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}],
    }
    said = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    draft = one_trace(written(tmp_path, {"messages": [shown, said, seen]}), "openai_messages")
    (image,) = draft.images
    assert image.digest == hashlib.sha256(PNG).hexdigest()
    assert draft.problem.meta["images"][0]["image"] == image.digest
    assert draft.steps[1].meta["images"] == [{"address": "https://example.org/a.png"}]


def test_image_that_is_none_refuses_the_row_with_its_place(tmp_path: Path) -> None:
    broken = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
    }
    field, reason = bad(written(tmp_path, {"messages": [broken, {"role": "assistant", "content": "a"}]}))
    assert (field, reason) == ("messages[0].content[0].image_url.url", "is no png, jpeg, webp or gif")


def test_messages_that_say_nothing_are_counted_and_no_steps(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    empty = {"role": "tool", "content": ""}
    draft = one_trace(written(tmp_path, {"messages": [ASKED, said, empty, said]}), "openai_messages")
    assert [step.meta["message"] for step in draft.steps] == [1, 3]
    assert draft.meta["empty_messages"] == [2]
    assert {step.kind for step in draft.steps} == {StepKind.ACTION}


@pytest.mark.parametrize(
    ("messages", "field", "reason"),
    [
        ([], "messages", "holds no message"),
        ([{"role": "oracle", "content": "a"}], "messages[0].role", "must be one of"),
        ([ASKED, {"role": "assistant", "content": 3}], "messages[1].content", "must be a string"),
        (
            [ASKED, {"role": "assistant", "content": [{"type": "video"}]}],
            "messages[1].content[0].type",
            "must be text",
        ),
        (
            [ASKED, {"role": "assistant", "tool_calls": [{"function": {}}]}],
            "messages[1].tool_calls[0].function.name",
            "name a tool",
        ),
        ([ASKED, {"role": "assistant", "content": " "}], "messages", "says nothing"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(
    tmp_path: Path, messages: list[Any], field: str, reason: str
) -> None:
    found, why = bad(written(tmp_path, {"messages": messages}), "openai_messages")
    assert (found, reason in why) == (field, True), (found, why)


PIECES = st.sampled_from(
    [*("第一步。", "第二步。", "One. ", "Two!", "Step 1: a", "ки", "<extra_0>", "<step>", "</step>", "- b"),
     *("\n", "\n\n", "\r\n\r\n", " ", "\t", "<think>", "</think>", "Answer", "$$", "```\n", "1. x", "é😀")]
)  # fmt: skip


@given(
    st.lists(st.lists(PIECES, min_size=1, max_size=12).map("".join), min_size=1, max_size=3),
    st.sampled_from([None, *SplitMode]),
)
def test_steps_of_a_message_joined_are_the_message(said: list[str], split: SplitMode | None) -> None:
    """Between two messages there is a separator, in a message nothing but what it says."""
    messages = [Message(Role.USER, "q", "m"), *(Message(Role.ASSISTANT, one, "m") for one in said)]
    try:
        conversation = conversation_of(messages, "m", ReadOptions(split=split))
    except Rejected:
        assert not "".join(said).strip()
        return
    spoken: dict[int, str] = {}
    text = ""
    for step in conversation.steps:
        text += step.text
        if MESSAGE in step.meta:
            spoken[step.meta[MESSAGE]], text = text, ""
    assert not text
    assert set(conversation.empty) == {n for n, one in enumerate(said, start=1) if not one.strip()}
    for number, one in spoken.items():
        is_last = number == max(spoken)
        assert one in ((said[number - 1],) if is_last else (said[number - 1], said[number - 1] + "\n\n"))


@pytest.mark.parametrize(
    ("content", "split"),
    [
        ("第一步。第二步。", SplitMode.SENTENCE),
        ("<think>a\n\nb</think>Answer 4", None),
        ("aки bки", SplitMode.TAGGED),
    ],
)
def test_nothing_is_put_into_a_text(tmp_path: Path, content: str, split: SplitMode | None) -> None:
    path = written(tmp_path, {"messages": [ASKED, {"role": "assistant", "content": content}]})
    draft = one_trace(path, "openai_messages", ReadOptions(split=split))
    assert len(draft.steps) > 1
    assert "".join(texts(draft)) == content
