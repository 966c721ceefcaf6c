from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.ingest.image_header import MOST_PIXELS, Header, read_header
from tests.pictures import a_gif, a_jpeg, a_png, a_webp

GOOD = {
    "image/png": a_png(5, 7),
    "image/gif": a_gif(5, 7),
    "image/jpeg": a_jpeg(5, 7),
}


@pytest.mark.parametrize("media_type", GOOD)
def test_type_and_size_are_read(media_type: str) -> None:
    assert read_header(GOOD[media_type]) == Header(media_type, 5, 7)


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_each_kind_of_webp_is_read(kind: bytes) -> None:
    assert read_header(a_webp(kind, 5, 7)) == Header("image/webp", 5, 7)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "is no png"),
        (b"<html>", "is no png"),
        (a_png(20_000, 20_000, pixels=False), "20,000 by 20,000 pixels"),
        (a_png(16_384, 16_384, pixels=False), f"{MOST_PIXELS:,} are allowed"),
        (a_gif(0, 5), "no pixels"),
        (a_jpeg(5, 65_535), "on a side"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dJUNK" + bytes(20), "does not begin with its header"),
        (b"\xff\xd8\xff\xda", "does not say its size"),
        (b"\xff\xd8\xff\xe0\x00\x00", "do not follow"),
        (b"RIFF\x00\x00\x00\x00WEBPVP9 " + bytes(20), "no webp that is known"),
    ],
)
def test_what_is_no_good_image_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        read_header(data)


@given(st.sampled_from([*GOOD.values(), a_webp(), a_webp(b"VP8L"), a_webp(b"VP8 ")]), st.data())
def test_cut_or_changed_bytes_are_refused_or_read_and_never_crash(good: bytes, data: st.DataObject) -> None:
    cut = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if cut:
            cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_header(bytes(cut))
    except Rejected:
        return
    assert 0 < found.width * found.height <= MOST_PIXELS
