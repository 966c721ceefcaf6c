"""JSON as every endpoint of the API reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser, get_encoding  # type: ignore[attr-defined]

from annotate.errors import Rejected
from webapp.json_body import read_json


class JsonBody(JSONParser):
    """The framework's own answers only for ``ValueError``: what is nested without end ended in a failure of ours."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        encoding = get_encoding(dict(parser_context or {}))
        try:
            text = stream.read().decode(encoding)
        except UnicodeError:
            raise Rejected(f"The request is not text in {encoding}.", field="body") from None
        return read_json(text)
