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
# Compiling a statement takes PostgreSQL 50 to 200 ms, and it does so where it expects many rows: with a few hundred
# keys in a statement it nearly always expects too many.
_AS_IT_IS = "SELECT set_config('jit', 'off', false)"
# A client whose cable was cut says nothing more, and the server goes on waiting for it, for two hours by default, with
# whatever rows it had locked. So it is asked whether it is there, and given up after less than a worker's lease.
_GIVEN_UP_SOON = """
    SELECT set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '4', false), set_config('tcp_user_timeout', '40000', false),
           set_config('jit', 'off', false)
"""


class DatabaseWrapper(base.DatabaseWrapper):
    sure_until = 0.0

    def init_connection_state(self) -> None:
        super().init_connection_state()
        host = self.settings_dict["HOST"]
        is_here = not host or host.startswith("/")
        with self.connection.cursor() as cursor:
            cursor.execute(_AS_IT_IS if is_here else _GIVEN_UP_SOON)
        if not self.get_autocommit():
            self.connection.commit()

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
