from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.checking.code_blocks import Blocks, blocks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("No code.", Blocks("", None, "No code.")),
        ("A\n```python\nx = 1\n```\nB\n```py\ny = 2\n```", Blocks("x = 1\ny = 2\n", None, "A\nB\n")),
        ("```python\nprint(1)\n```\n```output\n1\n```\n", Blocks("print(1)\n", "1\n", "")),
        ("Output:\n```\n1\n```\n", Blocks("", "1\n", "Output:\n")),
        ("A list:\n```\n1\n```\n", Blocks("", None, "A list:\n")),
        ("```bash\nls\n```\n", Blocks("", None, "")),
        ("```python\nx = 1\n", Blocks("", None, "x = 1\n")),
        ("Use `x` and ```y``` here.", Blocks("", None, "Use `x` and ```y``` here.")),
    ],
)
def test_code_output_and_prose_are_told_apart(text: str, found: Blocks) -> None:
    assert blocks(text) == found


@given(st.text(alphabet="`python\n x=1:output", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = blocks(text)
    assert len(found.code) + len(found.prose) + len(found.output or "") <= len(text)


def test_many_fences_cost_no_more_than_their_length() -> None:
    started = time.process_time()
    blocks("```python\n" * 20_000)
    assert time.process_time() - started < 2
