"""Queries of one shape, asked again and again: Django writes the SQL of each once.

To build a query and turn it into SQL costs Django several times what the database needs to look a row up by its key,
and a turn at the labelling page asks a dozen of them. A prepared one is built and compiled the first time, with
stand-ins where the values go, and sent with other values from then on. PostgreSQL keeps its plan as well, where the
connection's ``prepare_threshold`` allows.

What comes back is what the queryset would have given: instances with their related rows and annotations, or tuples.
The conditions must not depend on the values: a filter that is there for some and not for others is two queries.
"""

from __future__ import annotations

from .reads import Prepared
from .writes import PreparedChange, PreparedInsert, PreparedUpdate

__all__ = ["Prepared", "PreparedChange", "PreparedInsert", "PreparedUpdate"]
