"""The servers and programs that some tests need, and whether this machine has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Service:
    """``probe`` returns why the service cannot be used, or an empty text when it can."""

    name: str
    marker: str
    address: str
    probe: Callable[[str], str]
    is_demanded: bool = True  # by --require-services

    @property
    def absence(self) -> str:
        """Why the service cannot be used; empty when it can. Asked once per run."""
        return _absence(self)


@cache
def _absence(service: Service) -> str:
    reason = service.probe(service.address)
    return f"{service.name} not available: {reason}" if reason else ""


def _postgres(address: str) -> str:
    import psycopg

    try:
        psycopg.connect(address, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"{address}: {_first_line(error)}"
    return ""


def _redis(address: str) -> str:
    import redis

    try:
        with redis.Redis.from_url(address, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        return f"{address}: {_first_line(error)}"
    return ""


def _rabbitmq(address: str) -> str:
    import kombu

    try:
        with kombu.Connection(address, connect_timeout=3) as connection:
            connection.connect()
    except (OSError, kombu.exceptions.KombuError) as error:
        return f"{address}: {_first_line(error)}"
    return ""


def _chromium(address: str) -> str:
    if shutil.which(address) is None:
        return "no chromium on PATH (GRADUS_TEST_CHROMIUM names another program)"
    return ""


def _gpu(_address: str) -> str:
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return "" if torch.cuda.is_available() else "torch sees no CUDA device"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), names[0])


def _from_environment(name: str, default: str) -> str:
    return os.environ.get(f"GRADUS_TEST_{name}") or default


POSTGRES = Service(
    "PostgreSQL",
    "needs_postgres",
    _from_environment("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
    _postgres,
)
REDIS = Service("Redis", "needs_redis", _from_environment("REDIS_URL", "redis://127.0.0.1:6379/5"), _redis)
RABBITMQ = Service(
    "RabbitMQ",
    "needs_rabbitmq",
    _from_environment("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    _rabbitmq,
)
CHROMIUM = Service("Chromium", "needs_chromium", _from_environment("CHROMIUM", _browser()), _chromium)
GPU = Service("GPU", "needs_gpu", "", _gpu, is_demanded=False)

SERVICES = (POSTGRES, REDIS, RABBITMQ, CHROMIUM, GPU)
