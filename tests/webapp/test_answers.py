"""What a sheet's form is posted with."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from annotate.errors import Rejected
from webapp.forms.answers import read_lease


@pytest.mark.parametrize(
    ("posted", "read"),
    [
        ("token=3", (3, None, None)),
        ("token=+3+&seen=0&boundary=2", (3, 0, 2)),
        ("token=0&seen=&boundary=", (0, None, None)),
        *(
            (posted, None)
            for posted in ("", "token=", "token=-1", "token=x", "token=3&seen=1.5", "token=3&boundary=0")
        ),
        *((f"token={said}", None) for said in ("9" * 19, "%D9%A3", "1e3", "0x1")),
    ],
)
def test_a_lease_is_three_whole_numbers_or_none(posted: str, read: tuple[int | None, ...] | None) -> None:
    if read is None:
        with pytest.raises(Rejected, match="lease token"):
            read_lease(QueryDict(posted))
    else:
        assert read_lease(QueryDict(posted)) == read
