"""What every test of the suite shares: services that may be absent, the choice of database, fixed seeds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests.services import CHROMIUM, POSTGRES, RABBITMQ, REDIS, SERVICES, Service

# Examples are the same on every machine; a run in search of new ones: pytest --hypothesis-profile=search
hypothesis_settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile("search", deadline=None)
hypothesis_settings.load_profile("fixed")

MOST_PROCESSES = 4
USES_DATABASE = frozenset({"db", "transactional_db", "live_server"})
LONGEST = ("test_postgres.py", "test_postgres_kill.py", "test_kill.py", "test_shipped.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradus")
    group.addoption(
        "--require-services",
        action="store_true",
        default=os.environ.get("GRADUS_REQUIRE_SERVICES") == "1",
        help="fail tests whose service is absent instead of skipping them (vLLM is never demanded)",
    )
    group.addoption(
        "--database",
        choices=("sqlite", "postgres"),
        default=os.environ.get("GRADUS_TEST_DATABASE") or "sqlite",
        help="the database the tests run on (read by tests/settings.py)",
    )
    group.addoption(
        "--of-database",
        action="store_true",
        help="only tests that use the database: others say the same on any",
    )


def _uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or not USES_DATABASE.isdisjoint(
        getattr(item, "fixturenames", ())
    )


def pytest_configure(config: pytest.Config) -> None:
    database = config.getoption("--database")
    if database == "postgres" and POSTGRES.absence:
        raise pytest.UsageError(POSTGRES.absence)
    # Further processes of this run read their settings from here: they have no command line of their own.
    os.environ["GRADUS_TEST_DATABASE"] = database


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs in as many processes as there are processors, a few tests in this one."""
    if list(config.args) != list(config.getini("testpaths")):
        return 0
    # A file's tests share servers and rows that are dear to make.
    config.option.dist = "loadfile"
    # Else the files with the most tests go first, and those that take longest hold few.
    config.option.loadscopereorder = False
    # Not more: those who drive a browser wait no longer for it than people would.
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest first, so that no process is left alone with it at the end."""
    if config.getoption("--of-database"):
        config.hook.pytest_deselected(items=[item for item in items if not _uses_database(item)])
        items[:] = [item for item in items if _uses_database(item)]
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def demand(service: Service, config: pytest.Config) -> None:
    """Skip or fail the running test when ``service`` is absent."""
    if not service.absence:
        return
    if service.is_demanded and config.getoption("--require-services"):
        pytest.fail(f"{service.absence} (--require-services)", pytrace=False)
    pytest.skip(service.absence)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for service in SERVICES:
        if item.get_closest_marker(service.marker) is not None:
            demand(service, item.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say by name which services the run went without."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for service in SERVICES:
        count = sum(f"{service.name} not available" in reason for reason in reasons)
        if count:
            terminalreporter.write_line(f"{service.absence}; {count} test(s) skipped", yellow=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    from django.conf import settings

    if settings.configured:
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """Limits count attempts to sign in per process; those of one test are not the next one's."""
    from django.core.cache import caches

    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    demand(POSTGRES, pytestconfig)
    return POSTGRES.address


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    demand(REDIS, pytestconfig)
    return REDIS.address


@pytest.fixture(scope="session")
def amqp_url(pytestconfig: pytest.Config) -> str:
    demand(RABBITMQ, pytestconfig)
    return RABBITMQ.address


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> Path:
    """Path of the browser to drive: playwright's own download is never used."""
    demand(CHROMIUM, pytestconfig)
    return Path(shutil.which(CHROMIUM.address) or CHROMIUM.address)
