from __future__ import annotations

import io

import pytest
from PIL import Image

from annotate.errors import Rejected
from annotate.ingest.image_header import Header, read_header
from annotate.ingest.recoding import recoded
from tests.pictures import a_picture, a_png

SECRET = b"52.3 north, 4.9 east"


def again(data: bytes) -> tuple[bytes, Header]:
    kept, header = recoded(data, read_header(data))
    assert read_header(kept) == header
    return kept, header


@pytest.mark.parametrize(
    ("format", "media_type"),
    [("PNG", "image/png"), ("GIF", "image/png"), ("JPEG", "image/webp"), ("WEBP", "image/webp")],
)
def test_pixels_stay(format: str, media_type: str) -> None:
    kept, header = again(a_picture(format, 40, 20))
    assert header == Header(media_type, 40, 20)
    with Image.open(io.BytesIO(kept)) as picture:
        left, right = (picture.convert("RGB").getpixel((x, 10)) for x in (5, 35))
    for found, wanted in ((left, (220, 20, 20)), (right, (20, 20, 220))):
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 12 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_nothing_else_stays(format: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    data = a_picture(format, 40, 20, exif=exif.tobytes(), icc_profile=SECRET) + SECRET
    assert data.count(SECRET) >= 2
    kept, _ = again(data)
    assert SECRET not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        picture.load()
        assert not picture.getexif()
        assert "icc_profile" not in picture.info


def test_a_photograph_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    _, header = again(a_picture("JPEG", 40, 20, exif=exif.tobytes()))
    assert (header.width, header.height) == (20, 40)


def test_an_animation_becomes_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    kept, _ = again(out.getvalue())
    with Image.open(io.BytesIO(kept)) as picture:
        assert getattr(picture, "n_frames", 1) == 1
        assert picture.convert("RGB").getpixel((4, 4)) == (250, 0, 0)


def test_what_shows_through_still_does() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(out, "PNG")
    kept, _ = again(out.getvalue())
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("cut", [45, 60, 70])
def test_half_an_image_is_none(cut: int) -> None:
    data = a_png(40, 20)[:cut]
    with pytest.raises(Rejected, match="cannot be unpacked"):
        again(data)


def test_a_webp_from_here_is_not_written_a_second_time() -> None:
    first, header = again(a_picture("JPEG", 40, 20))
    assert recoded(first, header, is_ours=True) == (first, header)


@pytest.mark.parametrize("more", [{"exif": True}, {"icc_profile": SECRET}, {"trailing": True}])
def test_a_webp_that_only_says_it_is_from_here_is(more: dict[str, object]) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    trailing = SECRET if more.pop("trailing", False) else b""
    if more.pop("exif", False):
        more["exif"] = exif.tobytes()
    data = a_picture("WEBP", 40, 20, **more) + trailing
    kept, _ = recoded(data, read_header(data), is_ours=True)
    assert SECRET in data
    assert SECRET not in kept


def test_a_webp_that_ends_early_is_no_image() -> None:
    data = a_picture("WEBP", 40, 20)[:-20]
    with pytest.raises(Rejected, match="cannot be unpacked"):
        recoded(data, read_header(data), is_ours=True)
