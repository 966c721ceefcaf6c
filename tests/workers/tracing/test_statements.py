from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, Tracer

from annotate.models import Person
from annotate.prepared import Prepared
from tests.factories import a_person
from workers.tracing.statements import LONGEST, Statements, described

SECRET = "a person's own words"


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(memory: InMemorySpanExporter) -> Iterator[Tracer]:
    """Whose statements of this connection are listened to."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("t")
    Statements(tracer).join(connection)
    yield tracer
    connection.execute_wrappers.clear()


@pytest.mark.django_db
def test_statements_have_their_text_and_not_what_fills_it(
    tracer: Tracer, memory: InMemorySpanExporter
) -> None:
    found: Prepared[Person] = Prepared(lambda name: Person.objects.filter(username=name)[:1])
    with tracer.start_as_current_span("request"):
        a_person("alice", first_name=SECRET)
        list(Person.objects.filter(first_name=SECRET).extra(where=[f"username <> 'it''s {SECRET[:8]}'"]))
        assert found.first(name="alice") is not None
    *statements, request = memory.get_finished_spans()
    assert {"SELECT annotate_person", "INSERT annotate_person"} <= {span.name for span in statements}
    assert {span.parent.span_id for span in statements if span.parent} == {request.context.span_id}
    texts = [str(span.attributes["db.query.text"]) for span in statements if span.attributes]
    assert any("username <> ?" in text for text in texts)
    # What is prepared goes past Django's own cursors on PostgreSQL.
    assert texts[-1].startswith("SELECT")
    assert "LIMIT 1" in texts[-1]
    assert SECRET[:8] not in "".join(span.to_json() for span in statements)


@pytest.mark.django_db
def test_a_statement_that_fails_says_how_and_not_why(tracer: Tracer, memory: InMemorySpanExporter) -> None:
    with (
        tracer.start_as_current_span("request"),
        pytest.raises(DatabaseError),
        # PostgreSQL does nothing more in a transaction in which something failed.
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT %s FROM nowhere_at_all", [SECRET])
    (failed,) = (span for span in memory.get_finished_spans() if span.name == "SELECT")
    assert failed.status.status_code == StatusCode.ERROR
    assert failed.status.description is None
    assert failed.attributes is not None
    assert failed.attributes["error.type"] in ("OperationalError", "ProgrammingError")
    assert (list(failed.events), SECRET in failed.to_json()) == ([], False)


@pytest.mark.django_db
@pytest.mark.usefixtures("tracer")
def test_statements_of_nobodys_request_are_no_traces(memory: InMemorySpanExporter) -> None:
    assert not Person.objects.exists()
    assert memory.get_finished_spans() == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ('SELECT "a" FROM "t" WHERE "b" = %s', ("SELECT", "t", 'SELECT "a" FROM "t" WHERE "b" = %s')),
        ("select 'x', e'it\\'s', E'a''b', 'c''d' from t", ("SELECT", "", "select ?, ?, ?, ? from t")),
        ("SELECT $$one$$, $q$two 'x' $q$, $1, $2", ("SELECT", "", "SELECT ?, ?, $1, $2")),
        ('UPDATE "t" SET "a" = \'never ends', ("UPDATE", "t", 'UPDATE "t" SET "a" = ')),
        ('INSERT INTO "t" ("a") VALUES (%s)', ("INSERT", "t", 'INSERT INTO "t" ("a") VALUES (%s)')),
        ("SELECT " + "x" * 9000, ("SELECT", "", ("SELECT " + "x" * 9000)[:LONGEST])),
        (b"SELECT 1", ("SQL", "", "")),
        ("", ("SQL", "", "")),
    ],
)
def test_texts_that_stand_in_a_statement_are_taken_out(sql: object, said: tuple[str, str, str]) -> None:
    assert described(sql) == said
