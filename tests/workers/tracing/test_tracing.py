"""When traces are sent and when not, as whole processes see it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tests.workers.tracing.receiver import Receiver, receiving
from webapp.settings import VERSION
from workers import tracing
from workers.tracing.per_process import LAST_SECONDS

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


def in_a_process(tmp_path: Path, program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``program`` in a process of its own whose settings are those of ``variables``."""
    ours = ("GRADUS_", "DJANGO_", "DATABASE_URL", "OTEL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"GRADUS_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


LOADED = """
import sys
import django
django.setup()
from django.conf import settings
from django.core.wsgi import get_wsgi_application
import workers.tasks.prelabel, workers.backends.model_server
get_wsgi_application()
loaded = [name for name, module in sys.modules.items() if module and name.startswith("opentelemetry")]
print(settings.IS_TRACED, loaded)
"""


@pytest.mark.parametrize(
    ("variables", "is_wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "gradus-web", "OTEL_TRACES_SAMPLER": "always_on"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": NOWHERE}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_the_usual_variables_say_whether_there_are_traces(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_wanted: bool
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert tracing.is_wanted() == is_wanted


def test_nothing_is_imported_where_no_receiver_is_named(tmp_path: Path) -> None:
    done = in_a_process(tmp_path, LOADED)
    assert (done.stdout.strip(), done.stderr) == ("False []", "")


@pytest.mark.parametrize(
    ("before", "variables", "said"),
    [
        (
            "import sys; sys.modules['opentelemetry'] = None",
            {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE},
            "OpenTelemetry is not installed. Run: python3 manage.py setup otel",
        ),
        (
            "",
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": NOWHERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', and Gradus sends by http/protobuf alone.",
        ),
    ],
)
def test_a_start_that_cannot_send_says_so_in_one_line_and_goes_on(
    tmp_path: Path, before: str, variables: dict[str, str], said: str
) -> None:
    done = in_a_process(tmp_path, f"{before}\n{LOADED}", **variables)
    assert done.stdout.strip().startswith("False [")
    assert done.stderr == f"gradus: no traces are sent, though a receiver is set: {said}\n"


ONE_SPAN = """
import time
import django
django.setup()
from opentelemetry import trace
with trace.get_tracer("test").start_as_current_span("one"):
    pass
print(time.monotonic(), flush=True)
"""


@pytest.mark.parametrize("is_silent", [True, False], ids=["silent", "away"])
def test_a_receiver_that_does_not_answer_holds_no_process_up(
    tmp_path: Path, receiver: Receiver, is_silent: bool
) -> None:
    receiver.is_silent = is_silent
    done = in_a_process(
        tmp_path, ONE_SPAN, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url if is_silent else NOWHERE
    )
    # Clocks of this kind are one on a machine; a process that has nothing to send takes a part of a second to end.
    ended_after = time.monotonic() - float(done.stdout)
    assert LAST_SECONDS / 2 < ended_after < LAST_SECONDS + 3, done.stderr
    assert done.returncode == 0
    assert bool(receiver.bodies) == is_silent


def test_headers_may_stand_in_a_file(tmp_path: Path, receiver: Receiver) -> None:
    secret = tmp_path / "headers"
    secret.write_text("api-key=for-the-receiver\n")
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS_FILE": str(secret),
        "OTEL_SERVICE_NAME": "gradus-web",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging",
    }
    done = in_a_process(tmp_path, ONE_SPAN, **variables)
    assert done.returncode == 0, done.stderr
    assert [headers["api-key"] for headers in receiver.headers] == ["for-the-receiver"]
    (span,) = receiver.spans()
    told = {name: span.resource[name] for name in ("service.name", "service.version")}
    assert told == {"service.name": "gradus-web", "service.version": VERSION}
    assert span.resource["deployment.environment.name"] == "staging"
