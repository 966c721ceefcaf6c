"""PostgreSQL as Django speaks to it; whether a connection is alive is asked of the socket before the server.

Django asks ``SELECT 1`` at the first statement of every request, a fourteenth of what a page waited for. A server that
goes away closes its end, which a look at the socket tells without a word to the server. Who lost the way to it without
one (a firewall that forgets, a machine without power) is found out as before, SURE seconds later.
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql import base

SURE = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    sure_until = 0.0

    def is_usable(self) -> bool:
        """Whether the server answers, or did moments ago and has said nothing since."""
        now = time.monotonic()
        if now < self.sure_until and self.connection is not None and _is_quiet(self.connection):
            return True
        is_usable: bool = super().is_usable()
        self.sure_until = now + SURE if is_usable else 0.0
        return is_usable


def _is_quiet(connection: Any) -> bool:
    """Nothing to read and nothing wrong; an idle server has nothing to say but good-bye."""
    if connection.closed or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)
