"""The product's settings with a home and a database of this test run's own.

pytest-django reads the settings before it loads any conftest, hence what the run asks for is read here from the
environment and the command line. Each run has its own folder and database names, so that two runs do not meet.
"""

from __future__ import annotations

import argparse
import os

from tests.paths import REPOSITORY
from tests.services import POSTGRES


def database_asked_for() -> str:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--database", default=os.environ.get("GRADUS_TEST_DATABASE") or "sqlite")
    return str(parser.parse_known_args()[0].database)


# What the tests themselves are told, and no part of the product reads; other settings of a developer's stay outside.
FOR_TESTS = ("GRADUS_DATA_DIR", "GRADUS_FAULTS", "GRADUS_FUZZ", "GRADUS_REQUIRE_SERVICES")
TEST_DATABASE = database_asked_for()
TEST_HOME = REPOSITORY / ".gradus" / "test" / str(os.getpid())
TEST_HOME.mkdir(parents=True, exist_ok=True)
for name in [name for name in os.environ if name.startswith(("GRADUS_", "OTEL_")) and "TEST" not in name]:
    if name not in FOR_TESTS:
        del os.environ[name]
os.environ["GRADUS_HOME"] = str(TEST_HOME)
os.environ["DATABASE_URL"] = (
    POSTGRES.address if TEST_DATABASE == "postgres" else f"sqlite:///{TEST_HOME / 'unused.sqlite3'}"
)

from webapp.settings import *  # noqa: E402, F403
from webapp.settings import DATABASES  # noqa: E402

# A file rather than memory: threads, live servers and worker processes must see the same rows.
DATABASES["default"]["TEST"] = {
    "NAME": f"test_gradus_{os.getpid()}" if TEST_DATABASE == "postgres" else str(TEST_HOME / "test.sqlite3")
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
