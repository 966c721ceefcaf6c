"""Real processes and a real receiver: one trace from the click to the worker, and nothing in it that anybody wrote."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from annotate.models import Run, Trace
from annotate.tokens import make_token
from tests.annotate.prelabel.worlds import traces_of
from tests.factories import a_person, a_project
from tests.paths import REPOSITORY
from tests.workers.backends.server import Behaviour, serving
from tests.workers.site import Site, a_site
from tests.workers.tracing.receiver import CLIENT, CONSUMER, PRODUCER, SERVER, Receiver, Seen, receiving
from webapp.management.supervisor import free_port, wait_for, web_command
from workers.celery import SWEEPS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PASSWORD = "quokka-password-of-alice"
# What people, programs and models say in this test begins so, and must not leave.
PRIVATE = b"quokka"
CALLER = {
    "User-Agent": "quokka-browser",
    "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    "tracestate": "who=quokka-state",
    "baggage": "who=quokka-baggage",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


@dataclass(frozen=True)
class World:
    """What a site holds before anybody comes; ``token`` is a program's."""

    trace: Trace
    token: str


@pytest.fixture
def world(settings) -> World:
    # Real processes know no hasher of the tests.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    alice = a_person("alice")
    alice.set_password(PASSWORD)
    alice.save()
    (trace,) = traces_of(a_project(alice, slug="quokka-project"), 1, 1)
    trace.steps.filter(position=0).update(text="quokka-step one\n")
    trace.problem.text = "quokka-problem: what is six times seven?"
    trace.problem.save()
    return World(trace, make_token(alice, name="quokka-token-name", scopes=["read"], days=3)[1])


@contextlib.contextmanager
def a_web(site: Site, *options: str) -> Iterator[str]:
    """gunicorn as `serve` starts it; ends as a deployment ends it."""
    port = free_port("127.0.0.1", 8700)
    with (site.home / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [*web_command("127.0.0.1", port), *options],
            cwd=REPOSITORY,
            env=site.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert wait_for("127.0.0.1", port, 60), (site.home / "web.log").read_text()[-3000:]
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def clicks(client: httpx2.Client, world: World, model: Behaviour) -> None:
    """Somebody signs in, reads, writes, goes astray, and starts a run; a program asks the API."""

    def post(path: str, form: dict[str, str]) -> httpx2.Response:
        key = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post(path, data=form | key, headers=CALLER)
        assert answer.status_code == 302, answer.text
        return answer

    client.get("/sign-in/?next=/quokka-next/")
    post("/sign-in/", {"username": "alice", "password": PASSWORD})
    astray = {"Host": "quokka.example"}
    # Whoever looks whether the process lives knows no name of it; for others it is as without traces.
    assert client.get("/health/", headers=astray).status_code == 200
    refused = client.get("/sign-in/", headers=astray)
    assert (refused.status_code, len(refused.headers["X-Request-ID"])) == (400, 32)
    page = f"/traces/{world.trace.pk}/"
    assert "quokka-step" in client.get(f"{page}?words=quokka-query").text
    post(f"{page}comments/", {"text": "quokka-comment"})
    client.get("/join/?token=quokka-invitation")
    assert client.get("/quokka-nowhere/").status_code == 404
    programs = {"Authorization": f"Bearer {world.token}"}
    assert client.get("/api/projects/quokka-project/", headers=programs).status_code == 200
    backend = f"openai:{model.url}?model=quokka-model&key_env=QUOKKA_KEY&selftest=no"
    form = {"strategy": "rollout/scan", "backend": backend, "k": "2", "sc_samples": "2"}
    post("/projects/quokka-project/runs/new/", form)


@pytest.mark.parametrize(
    ("pool", "web_options"), [("threads", ()), ("prefork", ("--preload", "--workers", "2"))]
)
def test_a_run_is_one_trace_from_the_click_to_the_model_server_and_says_nothing_private(
    tmp_path: Path, world: World, receiver: Receiver, pool: str, web_options: tuple[str, ...]
) -> None:
    with a_site(tmp_path / "site") as site, serving(Behaviour(says="quokka-answer 42")) as model:
        site.settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20for-the-receiver",
            # Far longer than the test: what arrives was sent when its process ended.
            "OTEL_BSP_SCHEDULE_DELAY": "300000",
            "GRADUS_LOG_REQUESTS": "1",
            "QUOKKA_KEY": "quokka-model-key",
        }
        site.start_worker("--pool", pool, "--concurrency", "2")
        with a_web(site, *web_options) as address, httpx2.Client(base_url=address, timeout=60) as client:
            clicks(client, world, model)
            site.wait_until(lambda: Run.objects.get().is_over)
            secrets = [world.token, *(client.cookies[name] for name in ("sessionid", "csrftoken"))]
        site.terminate()
        logs = [(site.home / "web.log").read_text(), site.log()]

    for log, about in zip(logs, ("runs/new/", "prelabel.work_run"), strict=True):
        lines = [line for line in log.splitlines() if about in line]
        assert any(f"trace_id={CALLER['traceparent'][3:35]}" in line for line in lines), lines
    assert set(receiver.paths) == {"/v1/traces"}
    assert {headers["authorization"] for headers in receiver.headers} == {"Bearer for-the-receiver"}
    spans = receiver.spans()
    assert {span.resource["service.name"] for span in spans} == {"gradus"}
    is_one_trace(spans, model)
    is_of_routes(spans)
    sent = b"".join(receiver.bodies)
    for secret in (PRIVATE, *(text.encode() for text in secrets), f"/traces/{world.trace.pk}/".encode()):
        at = sent.find(secret)
        assert at < 0, sent[max(0, at - 200) : at + 100]


def one(spans: list[Seen], name: str, kind: int) -> Seen:
    (found,) = [span for span in spans if (span.name, span.kind) == (name, kind)]
    return found


def is_one_trace(spans: list[Seen], model: Behaviour) -> None:
    """Of the click, the message, the task, the questions to the model server, and the statements of both processes."""
    click = one(spans, "POST projects/<slug:slug>/runs/new/", SERVER)
    assert (click.trace, click.parent) == (CALLER["traceparent"][3:35], CALLER["traceparent"][36:52])
    assert click.attributes["http.response.status_code"] == 302
    of_click = [span for span in spans if span.trace == click.trace]
    message = next(span for span in of_click if span.parent == click.span and span.kind == PRODUCER)
    task = next(span for span in of_click if span.parent == message.span)
    assert message.name == "apply_async/prelabel.work_run"
    assert (task.name, task.kind) == ("run/prelabel.work_run", CONSUMER)

    asked = [span for span in of_click if span.attributes.get("server.port") == model.port]
    assert model.headers
    assert [(span.name, span.kind) for span in asked] == [("POST", CLIENT)] * len(model.headers)
    told = [{name.lower(): value for name, value in headers.items()} for headers in model.headers]
    assert {headers["traceparent"].split("-")[1] for headers in told} == {click.trace}
    assert not any("baggage" in headers for headers in told)

    statements = [span for span in of_click if "db.query.text" in span.attributes]
    assert {click.span, task.span} <= {span.parent for span in statements}
    written = one(statements, "INSERT annotate_run", CLIENT)
    assert re.search(r"VALUES \((%s|NULL|, )+\)", written.attributes["db.query.text"])


def is_of_routes(spans: list[Seen]) -> None:
    served = {span.name: span.attributes for span in spans if span.kind == SERVER}
    assert served["GET join/"]["http.route"] == "join/"
    assert served["GET traces/<int:pk>/"]["http.response.status_code"] == 200
    # An address that leads nowhere has no route.
    assert served["GET"]["http.response.status_code"] == 404
    assert not [name for name in served if "health" in name]
    assert not [span.name for span in spans if span.name.partition("/")[2] in SWEEPS]
