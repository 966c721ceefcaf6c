"""``field__among=values``: ``in`` for hundreds of strings, which travel as one value.

``in`` makes a place in the statement for each of them, and Django, the driver and the database go through all of those.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import CharField, Lookup


@CharField.register_lookup
class Among(Lookup):
    lookup_name = "among"
    # The values are strings already, and there are many of them.
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"{left} = ANY(%s)", (*parameters, values)
        among = f"{left} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - a column's name
        return among, (*parameters, json.dumps(values))
