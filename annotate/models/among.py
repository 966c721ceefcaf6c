"""``field__among=values``: ``in`` for hundreds of strings or keys, which travel as one value.

``in`` makes a place in the statement for each of them, and Django, the driver and the database go through all of those.
A driver's own way with a list goes through them one by one as well, so they are written as one text here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, IntegerField, Lookup


@CharField.register_lookup
@IntegerField.register_lookup
class Among(Lookup):
    lookup_name = "among"
    # The values are strings already, and there are many of them.
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            # A value that the planner can count: out of a subquery it would take a slower plan.
            kind = "bigint" if isinstance(self.lhs.output_field, IntegerField) else "varchar"
            return f"{left} = ANY(%s::{kind}[])", (*parameters, array_literal(map(str, self.rhs)))
        among = f"{left} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - a column's name
        return among, (*parameters, json.dumps(list(self.rhs)))


def array_literal(values: Iterable[str]) -> str:
    """PostgreSQL's text of an array of strings, or of numbers as strings, none of them NULL."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}"
