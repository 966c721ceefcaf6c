"""Celery's messages in a folder, for one machine without a broker.

kombu's own filesystem transport with two of its edges taken off: a message becomes visible only when it is wholly
written, and a folder left by a killed process is put in order at start. A message taken by a worker that then dies
is lost all the same; the units in the database are the queue of record, and the sweeper sends again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

_OLD_SECONDS = 3600.0


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        # Wall-clock names keep their order over a reboot; the leading dot hides the file from readers.
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        hidden = folder / f".{name}"
        try:
            hidden.write_text(dumps(payload), encoding="utf-8")
            os.replace(hidden, folder / name)
        except OSError:
            # A full disk has no room for half a message either.
            hidden.unlink(missing_ok=True)
            raise

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)
        except ChannelError:
            # On a full disk the table may have been left half written, and nobody could send anything any more.
            drop_broken(Path(self.control_folder))
            # Nor is it bound because it was tried: messages would go nowhere without a word.
            self.state.binding_delete(queue, exchange, routing_key)
            raise

    def _get(self, queue: str) -> Any:  # type: ignore[override]
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".{uuid.uuid4()}.taken"
            try:
                # Renaming is how two readers settle who has it.
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue
            payload = taken.read_text(encoding="utf-8")
            taken.unlink()
            return loads(payload)
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel


def transport_options(folder: Path) -> dict[str, Any]:
    """Create the folders and describe them to kombu. Polling at its default of one second took 30 s for 300 tasks."""
    messages, control = folder / "messages", folder / "control"
    for one in (messages, control):
        one.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": 0.1,
    }


def tidy(folder: Path) -> None:
    """Drop what nobody will read: messages older than an hour, and tables that a kill left half written."""
    for path in (folder / "messages").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _OLD_SECONDS:
                path.unlink()
    drop_broken(folder / "control")


def drop_broken(control: Path) -> None:
    """Drop tables of queues that are not whole; whoever sends or reads next writes them anew."""
    for table in control.glob("*.exchange"):
        try:
            json.loads(table.read_text())
        except ValueError:
            table.unlink(missing_ok=True)
