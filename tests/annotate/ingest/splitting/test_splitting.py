from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.ingest.splitting import SplitMode, split_steps

# Pieces that meet in every way that matters: openings without closings, escapes, lists, tables, odd line ends.
FRAGMENTS = st.lists(
    st.sampled_from(
        (
            "a",
            "é",
            " ",
            "\t",
            "\n",
            "\n\n",
            "\r\n",
            "\u2028",
            "$",
            "$$",
            "\\[",
            "\\]",
            "\\\\[2pt]",
            "\\begin{align}",
            "\\end{align}",
            "```",
            "```py\n",
            "~~~",
            "- x",
            "* y",
            "1. ",
            "2) z",
            "Step 1:",
            "Step 2 ",
            "|",
            "| a | b |\n",
            "<think>",
            "</think>",
            "\n<thinking>\n",
            "</thinking>\n",
            "B. ",
            "e.g. ",
            "? ",
            "。",
            "$x. Y$ ",
            " ки\n",
            "<extra_0>",
            "<step>",
            "</step>",
            "<|step|>",
        )
    ),
    max_size=40,
).map("".join)


def cut(text: str, mode: SplitMode = SplitMode.BLANK_LINE) -> list[str]:
    return [step.text for step in split_steps(text, mode)]


@given(st.one_of(FRAGMENTS, st.text(max_size=60)), st.sampled_from(SplitMode))
def test_split_steps_loses_nothing(text: str, mode: SplitMode) -> None:
    steps = split_steps(text, mode)
    assert "".join(step.text for step in steps) == (text if text.strip() else "")
    for step in steps:
        assert step.text.strip()
        if mode is SplitMode.TAGGED:
            assert 0 <= step.tail < len(step.text)
            continue
        assert step.text[len(step.text) - step.tail :].isspace() or step.tail == 0
        assert step.text[: len(step.text) - step.tail] == step.text.rstrip()


def test_blank_line_ends_a_step_and_belongs_to_it() -> None:
    steps = split_steps("\nFirst.\n\n\nSecond.\n")
    assert [(step.text, step.tail) for step in steps] == [("\nFirst.\n\n\n", 3), ("Second.\n", 1)]


@pytest.mark.parametrize(
    "block",
    [
        "$$\na\n\nb\n$$",
        "\\[\na\n\nb\n\\]",
        "\\begin{align*}\na\n\nb\n\\end{align*}",
        "```python\na = 1\n\nb = 2\n```",
        "~~~~\na\n\n```\n\nb\n~~~~",
        "- one\n\n- two\n\n  still two",
    ],
)
def test_blank_line_inside_a_block_ends_nothing(block: str) -> None:
    assert cut(f"Before.\n\n{block}\n\nAfter.") == ["Before.\n\n", f"{block}\n\n", "After."]


@pytest.mark.parametrize("opening", ["$$", "\\[", "\\begin{align}", "```", "~~~"])
def test_opening_that_never_closes_protects_nothing(opening: str) -> None:
    assert cut(f"{opening}\na\n\nb") == [f"{opening}\na\n\n", "b"]


def test_line_break_with_a_gap_opens_no_math() -> None:
    assert cut("a \\\\[2pt] b\n\nc \\]") == ["a \\\\[2pt] b\n\n", "c \\]"]


def test_numbered_items_are_steps_while_the_count_goes_on() -> None:
    text = "We go.\n1. Add:\n1. inner\n2. Multiply\n4. stray\n**3. Done**\n"
    assert cut(text, SplitMode.NUMBERED) == [
        "We go.\n",
        "1. Add:\n1. inner\n",
        "2. Multiply\n4. stray\n",
        "**3. Done**\n",
    ]
    assert cut("### Step 1: a\n1. x\n2. y\n### Step 2: b", SplitMode.NUMBERED) == [
        "### Step 1: a\n1. x\n2. y\n",
        "### Step 2: b",
    ]


def test_thought_ends_where_it_ends_and_its_tags_never_stand_alone() -> None:
    text = "<think>\n\nFirst.\n\nSecond.\n</think>\nThe answer.\n\nIs 4."
    expected = ["<think>\n\nFirst.\n\n", "Second.\n</think>\n", "The answer.\n\n", "Is 4."]
    assert cut(text) == expected
    # The template wrote the opening tag; the closing one stands alone.
    assert cut("First.\n\n</think>\n\nThe answer.") == ["First.\n\n</think>\n\n", "The answer."]
    # A block that opens in a thought and closes after it holds nothing together.
    assert cut("<think>\n$$ a\n</think>\nb\n\n$$ c") == ["<think>\n$$ a\n</think>\n", "b\n\n", "$$ c"]


def test_thoughts_between_actions_are_regions_each() -> None:
    text = "<think>a</think>b\n<think>c</think>d"
    assert cut(text) == ["<think>a</think>", "b\n", "<think>c</think>", "d"]
    assert cut("<think>cut off\n\nhere") == ["<think>cut off\n\n", "here"]


def test_sentences_end_where_sentences_end() -> None:
    text = "By Eq. 3, $x. Y$ holds, i.e. Dr. A. Noether is right. So it is 4.5! Is it? `a. B` says so.\nYes"
    assert cut(text, SplitMode.SENTENCE) == [
        "By Eq. 3, $x. Y$ holds, i.e. Dr. A. Noether is right. ",
        "So it is 4.5! ",
        "Is it? ",
        "`a. B` says so.\n",
        "Yes",
    ]
    listed = "We go:\n1. Add. Then stop.\n2. Done.\n| a. B | c |\n|---|---|\n| d. E | f |\nEnd. 完。了"
    assert cut(listed, SplitMode.SENTENCE) == [
        "We go:\n",
        "1. Add. ",
        "Then stop.\n",
        "2. Done.\n",
        "| a. B | c |\n|---|---|\n| d. E | f |\n",
        "End. ",
        "完。",
        "了",
    ]


def test_marks_of_models_end_steps_and_are_no_part_of_what_is_judged() -> None:
    steps = split_steps("Step 1: a ки\nStep 2: b ки", SplitMode.TAGGED)
    assert [(step.text, step.text[: -step.tail]) for step in steps] == [
        ("Step 1: a ки\n", "Step 1: a"),
        ("Step 2: b ки", "Step 2: b"),
    ]
    assert cut("a<extra_0>b<extra_0>", SplitMode.TAGGED) == ["a<extra_0>", "b<extra_0>"]
    assert cut("Sure. <step>a</step>\n<step>b</step>", SplitMode.TAGGED) == [
        "Sure. ",
        "<step>a</step>\n",
        "<step>b</step>",
    ]
    assert cut("##a##b", SplitMode.TAGGED) == ["##a##b"]
    assert [step.text for step in split_steps("##a##b", SplitMode.TAGGED, "##")] == ["##a", "##b"]
    assert [step.text for step in split_steps("a##b##", SplitMode.TAGGED, "##")] == ["a##", "b##"]


def test_lines_keep_tables_and_continuations_whole() -> None:
    text = "a\nb\n\n| x |\n|---|\n| 1 |\n- item\n  more\nc"
    assert cut(text, SplitMode.LINES) == ["a\n", "b\n\n", "| x |\n|---|\n| 1 |\n", "- item\n  more\n", "c"]


@pytest.mark.parametrize("mode", list(SplitMode))
@pytest.mark.parametrize(
    "opening",
    [
        "\\begin{align}\n\n",
        "$$ \\[ \n\n",
        "```\n\n",
        "- a\n\n",
        "\n<think>\n",
        "</think>",
        "A. ",
        "....",
        "\n",
        "$x ",
        "` ",
        " ки",
        "<step>",
        "|\n",
    ],
)
def test_hostile_text_takes_linear_time(opening: str, mode: SplitMode) -> None:
    begun = time.process_time()
    split_steps("a" + opening * 20_000, mode)
    assert time.process_time() - begun < 5
