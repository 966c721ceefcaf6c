"""Images given beside a text: data URIs, addresses, and what a release says of its own."""

from __future__ import annotations

from typing import Any

from annotate.errors import Rejected
from annotate.ingest.album import LONGEST_ADDRESS, Album, alt_of
from annotate.ingest.fields import Fields
from annotate.ingest.image_entries import DIGEST, KEY

_FIELDS = frozenset({"data", "url", "alt", "digest", "missing"})


def given_images(fields: Fields, album: Album, name: str = KEY) -> list[dict[str, Any]]:
    """The entries of a list of images: data URIs or addresses, or objects with ``data`` or ``url``, and ``alt``.

    A release says more of one: ``digest`` beside its ``data``, the ``url`` where that was fetched, or why it is
    ``missing``.
    """
    if not fields.has(name):
        return []
    entries = []
    for path, given in fields.items(name):
        if isinstance(given, str):
            entries.append(album.take(given, path))
            continue
        one = Fields.of(given, path)
        one.refuse_unknown(_FIELDS)
        entries.append(_given_image(one, path, album))
    return entries


def _given_image(one: Fields, path: str, album: Album) -> dict[str, Any]:
    claim, said = _claim(one), [name for name in ("data", "url", "missing") if one.has(name)]
    if said == ["missing"]:
        return album.miss(one.text("missing", limit=LONGEST_ADDRESS), path, alt_of(one))
    is_fetched = bool(claim) and said == ["data", "url"]
    if (len(said) > 1 and not is_fetched) or (claim and said == ["url"]) or not (said or claim):
        raise Rejected("give either data or url", field=path)
    name = said[0] if said else "data"
    address = one.text("url", limit=LONGEST_ADDRESS) if is_fetched else ""
    return album.take(one.raw(name), one.path(name), alt_of(one), claim=claim, address=address)


def _claim(one: Fields) -> str:
    if not one.has("digest"):
        return ""
    digest = one.raw("digest")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise Rejected("must be a SHA-256 in 64 hexadecimal digits", field=one.path("digest"))
    return digest
