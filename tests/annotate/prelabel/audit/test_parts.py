from __future__ import annotations

import pytest

from annotate.prelabel.audit.parts import parts_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("one line", ("one line",)),
        ("a\nb\n", ("a\n", "b\n")),
        ("a\nb\n\nc", ("a\nb\n\n", "c")),
    ],
)
def test_blank_lines_cut_where_there_are_any_and_line_ends_where_not(text, parts):
    assert parts_of(text) == parts
