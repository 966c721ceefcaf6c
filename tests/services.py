"""The servers and programs that some tests need, and whether this machine has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec


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


def _caddy(address: str) -> str:
    return "" if shutil.which(address) else "no caddy on PATH"


def _vllm(address: str) -> str:
    if not address:
        return "GRADUS_TEST_VLLM names no vllm: address"
    return "" if find_spec("vllm") else "vllm is not installed in this environment"


def _vllm_server(address: str) -> str:
    if not address:
        return "GRADUS_TEST_VLLM_SERVER names no openai: address of a running vLLM"
    import httpx2

    root = address.removeprefix("openai:").partition("?")[0].removesuffix("/v1")
    try:
        httpx2.get(f"{root}/version", timeout=3).raise_for_status()
    except httpx2.HTTPError as error:
        return f"{root}: {_first_line(error)}"
    return ""


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
CADDY = Service("Caddy", "needs_caddy", "caddy", _caddy)
VLLM = Service("vLLM", "needs_vllm", _from_environment("VLLM", ""), _vllm, is_demanded=False)
VLLM_SERVER = Service(
    "A vLLM server",
    "needs_vllm_server",
    _from_environment("VLLM_SERVER", ""),
    _vllm_server,
    is_demanded=False,
)

SERVICES = (POSTGRES, REDIS, RABBITMQ, CHROMIUM, CADDY, VLLM, VLLM_SERVER)
