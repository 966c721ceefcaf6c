"""Images that come in with traces: read from data URIs, message parts and files, stored once for a project.

An image is known by the SHA-256 of its bytes as they came in, so that the same file brought in twice is the same image
whatever writes it anew (:mod:`annotate.ingest.recoding`). A text keeps a short reference where an image stood,
``![alt](image:DIGEST)``, so that it reads in order and the trace's hash covers it. What is shown is listed in the
problem's or step's meta under ``images``.

An image that lies elsewhere is known by its address, and its text says ``![alt](ADDRESS)``, whether its bytes are here
or not: a host that is down today, or on no list yet, makes no other trace of the same row. Where its bytes are fetched
(:mod:`annotate.ingest.remote_images`), its entry holds both.

A release holds images as they are kept, so its rows say the digest beside the bytes. Nothing proves such a claim
(:mod:`annotate.ingest.image_claims`): it never changes an image that is here, and bytes whose own digest it is replace
it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from annotate.errors import NotAllowed, Rejected
from annotate.ingest.fields import Fields, clean_text, kind_of
from annotate.ingest.image_header import Header, read_header
from annotate.ingest.local_images import is_local, local_bytes
from annotate.ingest.recoding import recoded
from annotate.models import Image, ImageAddress, Project, Trace

KEY = "images"
MOST_BYTES = 8 * 1024 * 1024
MOST_IMAGES = 100
LONGEST_ALT = 2_000
LONGEST_ADDRESS = 2_000
SHORT = 16
# Stands in a text for an image that was left out.
MISSING = "image:missing"
TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_OTHER_NAMES = {"image/jpg": "image/jpeg"}
_DATA_URI = re.compile(r"data:([a-zA-Z0-9.+/-]*)((?:;[^,;]*)*),")
# Without these characters no text shows an image.
MARKED = "](data:image/"
_MARKDOWN = re.compile(
    r"!\[([^\]\n]{0,500})\]\((data:image/(?:png|jpe?g|webp|gif);base64,[A-Za-z0-9+/=\r\n]+)\)"
)
DIGEST = re.compile(r"[0-9a-f]{64}")


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


class Found(NamedTuple):
    """The image at an address. ``draft`` None: the project has it."""

    digest: str
    width: int
    height: int
    draft: ImageDraft | None = None


class NotFetched(Rejected):
    """The image lies at an address that is asked, and is not to be had there."""


class Afar(Protocol):
    """Images at addresses elsewhere."""

    def find(self, address: str) -> Found | None:
        """None for an address that nobody asks. Raises NotFetched, without a field."""


class BadImages(StrEnum):
    """What becomes of a row with an image that is no good."""

    REFUSE = "refuse"
    KEEP = "keep"


class Flaw(NamedTuple):
    """What was left out of a row that is taken: the field it stood in, and why."""

    field: str
    reason: str


@dataclass(slots=True)
class Album:
    """The images of one row so far: the bytes to store, each once, and how many places show one.

    With a ``folder``, an address that names a file is read from below it. With ``keeps_rows`` an image that is no good
    is left out: ``flaws`` says so, and so does its entry. Without ``afar`` whatever lies elsewhere stays an address.
    """

    folder: Path | None = None
    keeps_rows: bool = False
    afar: Afar | None = None
    drafts: dict[str, ImageDraft] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    n_shown: int = 0

    def take(
        self, given: object, path: str, alt: str = "", *, claim: str = "", address: str = ""
    ) -> dict[str, Any]:
        """The entry for meta of an image given as a data URI or an address. Raises Rejected with the path.

        ``claim`` is the digest that the row says it has, ``address`` where its bytes were fetched once. Nobody else's
        row gets them by that address: the row may say what it likes.
        """
        if not self.keeps_rows:
            return self._taken(given, path, alt, claim, address)
        try:
            return self._taken(given, path, alt, claim, address)
        except Rejected as error:
            if self.n_shown > MOST_IMAGES:
                raise
            self.flaws.append(Flaw(error.field or path, error.reason))
            address = address or (str(given) if isinstance(error, NotFetched) else "")
            lies = {"address": address} if address else {}
            return _entry(alt, **lies, missing=error.reason)

    def miss(self, reason: str, path: str, alt: str) -> dict[str, Any]:
        """The entry of an image that was left out elsewhere, before."""
        self._count(path)
        return _entry(alt, missing=reason)

    def _count(self, path: str) -> None:
        self.n_shown += 1
        if self.n_shown > MOST_IMAGES:
            raise Rejected(f"is one image too many: {MOST_IMAGES} are allowed in a row", field=path)

    def _taken(
        self, given: object, path: str, alt: str, claim: str = "", address: str = ""
    ) -> dict[str, Any]:
        self._count(path)
        if given is None and claim:
            raise Rejected("comes without its bytes, which were too large for the row", field=path)
        if not isinstance(given, str):
            raise Rejected(f"must be a data URI or an address, not {kind_of(given)}", field=path)
        if given[:5].lower() == "data:":
            draft = image_draft(given, path, claim)
        elif self.folder is not None and is_local(given):
            draft = _file_draft(self.folder, given, path)
        else:
            return self._from_afar(clean_text(given, path, limit=LONGEST_ADDRESS), path, alt)
        self.drafts[draft.digest] = draft
        head, lies = draft.header, {"address": address} if address else {}
        return _entry(alt, **lies, image=draft.digest, width=head.width, height=head.height)

    def _from_afar(self, address: str, path: str, alt: str) -> dict[str, Any]:
        try:
            found = self.afar.find(address) if self.afar is not None else None
        except NotFetched as error:
            raise NotFetched(error.reason, field=path) from None
        if found is None:
            return _entry(alt, address=address)
        if found.draft is not None:
            self.drafts[address] = found.draft
        return _entry(alt, address=address, image=found.digest, width=found.width, height=found.height)

    def lift(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """A text with its Markdown images by reference, and their entries. What is no good image stays as it is: a
        model may have written about one."""
        entries: list[dict[str, Any]] = []
        if MARKED not in text:
            return text, entries

        def replaced(found: re.Match[str]) -> str:
            try:
                entry = self._taken(found[2], "text", found[1])
            except Rejected:
                return found[0]
            entries.append(entry)
            return reference(entry)

        return _MARKDOWN.sub(replaced, text), entries


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


def _file_draft(folder: Path, name: str, path: str) -> ImageDraft:
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


def reference(entry: Mapping[str, Any]) -> str:
    """What stands in the text for an image."""
    alt = str(entry.get("alt", "")).replace("]", ")").replace("\n", " ")
    if "image" in entry and "address" not in entry:
        return f"![{alt}](image:{str(entry['image'])[:SHORT]})"
    return f"![{alt}]({entry.get('address', MISSING)})"


def parts_of(fields: Fields, name: str, album: Album) -> tuple[str, list[dict[str, Any]]]:
    """The text of a message's parts with references where its images stood, and the images' entries.

    Parts are those of the usual chat formats: ``text``, ``image_url``, ``input_image``, and ``image`` with a source.
    """
    content = Content(album)
    for path, given in fields.items(name):
        content.add(Fields.of(given, path))
    return content.text, content.images


class Content:
    """The text of some parts so far, and the images' entries."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self._texts: list[str] = []
        self.images: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def add(self, part: Fields) -> None:
        """Raises Rejected with the path for a part of any other type."""
        kind = part.raw("type")
        if kind in ("text", "input_text", "output_text"):
            self.add_text(part.raw("text"), part.path("text"))
        elif kind in ("image_url", "input_image", "image"):
            uri, at, alt = _source_of(part)
            entry = self._album.take(uri, at, alt)
            before = self._texts[-1] if self._texts else ""
            self._texts.append(
                ("\n" if before and not before.endswith("\n") else "") + reference(entry) + "\n"
            )
            self.images.append(entry)
        else:
            raise Rejected("must be text, image_url, input_image or image", field=part.path("type"))

    def add_text(self, given: object, path: str) -> None:
        text, found = self._album.lift(given) if isinstance(given, str) else ("", [])
        clean_text(text if found else given, path)
        self._texts.append(text)
        self.images += found


def store_images(project: Project, drafts: Iterable[ImageDraft]) -> None:
    """Write what the project does not have yet. Call it inside a transaction.

    What an earlier row has only claimed to be an image gives way to bytes whose own digest it is.
    """
    wanted: dict[str, ImageDraft] = {}
    fetched: dict[str, str] = {}
    for draft in drafts:
        if not draft.is_claimed or draft.digest not in wanted:
            wanted[draft.digest] = draft
        if draft.address:
            fetched[draft.address] = draft.digest
    here = Image.objects.filter(project=project)
    known = set(here.filter(digest__in=wanted).values_list("digest", flat=True))
    for digest in known:
        if not (draft := wanted[digest]).is_claimed:
            head = draft.header
            here.filter(digest=digest).exclude(data=draft.data).update(
                media_type=head.media_type, width=head.width, height=head.height, data=draft.data
            )
    Image.objects.bulk_create(
        [
            Image(
                project=project,
                digest=draft.digest,
                media_type=draft.header.media_type,
                width=draft.header.width,
                height=draft.header.height,
                data=draft.data,
            )
            for digest, draft in wanted.items()
            if digest not in known
        ],
        batch_size=20,
        ignore_conflicts=True,
    )
    _store_addresses(project, fetched)


def _store_addresses(project: Project, digests: Mapping[str, str]) -> None:
    """From now on each address stands for its image in this project; one that does already goes on as it is."""
    if not digests:
        return
    found = Image.objects.filter(project=project, digest__in=set(digests.values()))
    keys = dict(found.values_list("digest", "pk"))
    ImageAddress.objects.bulk_create(
        [
            ImageAddress(project=project, address_hash=address_hash(address), image_id=keys[digest])
            for address, digest in digests.items()
        ],
        ignore_conflicts=True,
    )


def address_hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Shown:
    """An image of a step or problem as a page shows it: by its digest, or, where nobody fetched it, by its address.

    One that was left out says why (``missing``), and has its address where it has one.
    """

    number: int
    alt: str
    digest: str = ""
    address: str = ""
    missing: str = ""
    width: int = 0
    height: int = 0


def shown_images(meta: Any) -> list[Shown]:
    """The images that meta lists, in order; whatever else somebody's meta holds under that key is not shown."""
    entries = meta.get(KEY) if isinstance(meta, Mapping) else None
    return list(_shown(entries)) if isinstance(entries, list) else []


def images_within(entries: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    """Those of some entries that a text refers to."""
    return [one for one in entries if reference_key(one) and reference_key(one) in text]


def reference_key(entry: Mapping[str, Any]) -> str:
    if not isinstance(entry, Mapping):
        return ""
    address, digest = entry.get("address"), entry.get("image")
    if isinstance(address, str):
        return f"({address})"
    return f"(image:{digest[:SHORT]})" if isinstance(digest, str) else ""


def image_digests(meta: Any) -> list[str]:
    return [one.digest for one in shown_images(meta) if one.digest]


def image_in(trace: Trace, digest: str) -> Image:
    """An image of the trace or of its problem, whoever got through the trace's door; NotAllowed for any other."""
    return image_among(
        trace.project_id, [trace.problem.meta, *trace.steps.values_list("meta", flat=True)], digest
    )


def image_among(project: int, metas: Iterable[Any], digest: str) -> Image:
    """An image of the project that one of its problems' or steps' ``metas`` lists; NotAllowed for any other."""
    if not any(digest in image_digests(meta) for meta in metas):
        raise NotAllowed
    found = Image.objects.filter(project=project, digest=digest).first()
    if found is None:
        raise NotAllowed
    return found


def _shown(entries: Sequence[Any]) -> Iterator[Shown]:
    number = 0
    for one in entries:
        if not isinstance(one, Mapping):
            continue
        alt, digest, address = one.get("alt", ""), one.get("image"), one.get("address")
        missing = one.get("missing")
        alt = alt if isinstance(alt, str) else ""
        lies = isinstance(address, str)
        address, missing = (said if isinstance(said, str) else "" for said in (address, missing))
        width, height = one.get("width"), one.get("height")
        if not isinstance(width, int) or not isinstance(height, int):
            digest = None
        if isinstance(digest, str) and DIGEST.fullmatch(digest):
            number += 1
            yield Shown(number, alt, digest=digest, address=address, width=width or 0, height=height or 0)
        elif lies or missing:
            number += 1
            yield Shown(number, alt, address=address, missing=missing)


def _source_of(part: Fields) -> tuple[object, str, str]:
    """(data URI or address, its path, alt) of a message part."""
    kind, alt = part.raw("type"), alt_of(part)
    if kind == "image" and part.has("source"):
        source = part.fields("source")
        if source.raw("type") == "base64":
            return f"data:{source.raw('media_type')};base64,{source.raw('data')}", source.path("data"), alt
        return source.raw("url"), source.path("url"), alt
    name = "image_url" if part.has("image_url") else "image"
    given = part.raw(name)
    if isinstance(given, dict):
        return given.get("url"), f"{part.path(name)}.url", alt
    return given, part.path(name), alt


def alt_of(fields: Fields) -> str:
    return (fields.optional_text("alt", limit=LONGEST_ALT) or "").strip()


def _entry(alt: str, **facts: Any) -> dict[str, Any]:
    alt = alt.strip()
    return facts | ({"alt": alt} if alt else {})
