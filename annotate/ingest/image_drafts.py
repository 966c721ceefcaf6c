"""The bytes of images that come in: decoded, looked at and written anew.

Whatever they are written as (:mod:`annotate.ingest.recoding`), they are known by the digest of what came in, so that
the same file brought in twice is the same image.

A release holds images as they are kept, so its rows say the digest beside the bytes. Nothing proves such a claim
(:mod:`annotate.ingest.image_claims`): it never changes an image that is here, and bytes whose own digest it is replace
it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from annotate.errors import Rejected
from annotate.ingest.image_header import Header, read_header
from annotate.ingest.local_images import local_bytes
from annotate.ingest.recoding import recoded

MOST_BYTES = 8 * 1024 * 1024
TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_OTHER_NAMES = {"image/jpg": "image/jpeg"}
_DATA_URI = re.compile(r"data:([a-zA-Z0-9.+/-]*)((?:;[^,;]*)*),")


@dataclass(frozen=True, slots=True)
class ImageDraft:
    """``data`` and ``header`` as it is kept, ``digest`` of the bytes as they came in.

    ``address``: where they were fetched, if they were. ``is_claimed``: the digest is what the row says, of bytes that
    it does not hold.
    """

    data: bytes
    header: Header
    digest: str
    address: str = ""
    is_claimed: bool = False


def image_draft(uri: str, path: str, claim: str = "") -> ImageDraft:
    """A data URI decoded and written anew. Raises Rejected with the path for anything but one of the four types.

    ``claim``: the digest it is said to have, of the bytes as they once came in.
    """
    found = _DATA_URI.match(uri)
    if found is None:
        raise Rejected("is no data URI", field=path)
    said = found[1].lower()
    said = _OTHER_NAMES.get(said, said)
    if said not in TYPES:
        raise Rejected(f"is {said[:60] or 'of no type'}; images are {', '.join(TYPES)}", field=path)
    if not found[2].lower().endswith(";base64"):
        raise Rejected("must be in base64", field=path)
    body = uri[found.end() :]
    if len(body) > MOST_BYTES * 4 // 3 + 4:
        raise Rejected(f"is larger than {MOST_BYTES // 1024 // 1024} MiB", field=path)
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("is not base64", field=path) from None
    return draft_of(data, path, said, claim)


def file_draft(folder: Path, name: str, path: str) -> ImageDraft:
    """A file below the folder. Raises Rejected with the path."""
    try:
        data = local_bytes(folder, name, MOST_BYTES)
    except Rejected as error:
        raise Rejected(error.reason, field=path) from None
    return draft_of(data, path)


def draft_of(data: bytes, path: str, said: str = "", claim: str = "") -> ImageDraft:
    """Bytes written anew. ``said``: the type that the row claims, ``claim`` the digest.

    Raises Rejected with the path.
    """
    digest = hashlib.sha256(data).hexdigest()
    is_claimed = claim not in ("", digest)
    try:
        header = read_header(data)
        if said and header.media_type != said:
            raise Rejected(f"says it is {said} and is {header.media_type}")
        kept, kept_header = recoded(data, header, is_ours=is_claimed)
    except Rejected as error:
        raise Rejected(error.reason, field=path) from None
    return ImageDraft(kept, kept_header, claim or digest, is_claimed=is_claimed)
