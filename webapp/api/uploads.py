"""A request's body as a file on disk, for the ingest actions, which read files and locate what is wrong in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from annotate.errors import Rejected

CHUNK = 1 << 20


class WholeBody(BaseParser):
    """Hands the body on unread: the ingest readers know their formats better than a parser that guesses."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream


@contextmanager
def body_on_disk(body: Any) -> Iterator[Path]:
    """What :class:`WholeBody` handed on, as a file that lives as long as the block.

    Raises ``Rejected`` when there is none (DRF then answers with an empty mapping) or too much of it.
    """
    if isinstance(body, Mapping):
        raise Rejected("The request has no body.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    with TemporaryDirectory(prefix="gradus-") as folder:
        path = Path(folder) / "body"
        size = 0
        with path.open("wb") as file:
            while chunk := body.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise Rejected(
                        f"The body is larger than {limit // 1024**2} MiB. Send less at once, or use the ingest command."
                    )
                file.write(chunk)
        yield path
