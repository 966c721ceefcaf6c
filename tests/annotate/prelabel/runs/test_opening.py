from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import RaterKind, RunState, UnitState
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import add_criteria
from annotate.ingest.presets import READY_MADE
from annotate.models import Project, Run
from annotate.prelabel import actions
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_run(project: Project | None = None, *, n_traces: int = 1, **options: Any) -> Run:
    project = project or a_project()
    for _ in range(n_traces):
        a_trace(project)
    options.setdefault("strategy", "verifier/arithmetic")
    return actions.open_run(project, **options)


class TestOpenRun:
    def test_a_run_has_a_unit_per_trace_and_its_settings_in_full(self) -> None:
        run = a_run(n_traces=3, strategy="rollout/scan", backend="scripted:x", settings={"k": 4})
        assert (run.state, run.units.filter(state=UnitState.PENDING).count()) == (RunState.QUEUED, 3)
        assert run.settings["k"] == 4
        assert "temperature" in run.settings
        assert run.criterion.key == "recoverable"
        assert run.rater is not None
        assert run.rater.kind == RaterKind.ROLLOUT
        assert run.rater.name.startswith("rollout/scan@")

    def test_judges_and_verifiers_label_the_verdict(self) -> None:
        assert a_run().criterion.key == "verdict"

    def test_the_same_configuration_is_the_same_rater(self) -> None:
        project = a_project()
        a_trace(project)
        options: dict[str, Any] = {"strategy": "rollout/scan", "backend": "scripted:x"}
        plain = actions.open_run(project, **options)
        spelled = actions.open_run(project, **options, settings={"k": 8})
        other = actions.open_run(project, **options, settings={"k": 9})
        assert plain.rater == spelled.rater != other.rater

    def test_a_name_stands_for_one_configuration(self) -> None:
        project = a_project()
        a_trace(project)
        options: dict[str, Any] = {
            "strategy": "rollout/scan",
            "backend": "scripted:x",
            "rater_name": "rollout/mine@1",
        }
        assert str(actions.open_run(project, **options).rater) == "rollout/mine@1"
        with pytest.raises(Conflict, match="other settings"):
            actions.open_run(project, **options, settings={"k": 9})
        assert Run.objects.count() == 1

    @pytest.mark.parametrize(
        ("strategy", "name"), [("judge/pairwise", "preference"), ("judge/dimensions", "dimensions")]
    )
    def test_a_question_the_rubric_lacks_is_refused_with_what_adds_it(self, strategy: str, name: str) -> None:
        project = a_project(slug="sums")
        a_trace(project, problem=a_trace(project).problem, texts=["another"])
        options: dict[str, Any] = {"strategy": strategy, "backend": "scripted:x"}
        with pytest.raises(Rejected) as caught:
            actions.open_run(project, **options)
        assert caught.value.field == "criterion"
        assert f"python3 manage.py rubric sums --add {name}" in caught.value.reason
        assert not project.pairs.exists()

        add_criteria(project, READY_MADE[name])
        assert actions.open_run(project, **options).units.exists()

    def test_pairs_are_made_where_there_are_none_and_only_there(self) -> None:
        project = a_project()
        add_criteria(project, READY_MADE["preference"])
        first = a_trace(project)
        for text in ("one", "two"):
            a_trace(project, problem=first.problem, texts=[text])
        options: dict[str, Any] = {"strategy": "judge/pairwise", "backend": "scripted:x"}
        assert actions.open_run(project, **options, pairs_per_problem=2).units.count() == 2
        assert actions.open_run(project, **options, pairs_per_problem=3).units.count() == 2

    def test_where_no_two_traces_differ_there_is_nothing_to_compare(self) -> None:
        project = a_project()
        add_criteria(project, READY_MADE["preference"])
        a_trace(project)
        with pytest.raises(Rejected, match="no pair to compare") as caught:
            actions.open_run(project, strategy="judge/pairwise", backend="scripted:x")
        assert caught.value.field == "pairs"

    def test_a_persons_name_is_not_taken(self) -> None:
        project = a_project()
        a_trace(project)
        a_rater(project, RaterKind.PERSON, "bob")
        with pytest.raises(Conflict):
            actions.open_run(project, strategy="verifier/arithmetic", rater_name="bob")

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"strategy": "rollout/unheard-of"}, "strategy"),
            ({"strategy": "rollout/scan", "backend": "scripted:x", "settings": {"k": 0}}, "k"),
            ({"strategy": "rollout/scan", "backend": "scripted:x", "settings": {"typo": 1}}, "typo"),
            ({"strategy": "rollout/scan"}, "backend"),
            ({"criterion_key": "charm"}, "criterion"),
            ({"rater_name": "Has Spaces"}, "rater"),
        ],
    )
    def test_what_cannot_work_is_refused_with_its_field(self, options: dict[str, Any], field: str) -> None:
        with pytest.raises(Rejected) as caught:
            a_run(**options)
        assert caught.value.field == field
        assert not Run.objects.exists()

    def test_no_traces_or_foreign_traces_are_refused(self) -> None:
        mine, other = a_project(), a_project()
        a_trace(other)
        with pytest.raises(Rejected, match="no trace"):
            actions.open_run(mine, strategy="verifier/arithmetic")
        with pytest.raises(Rejected, match="another project"):
            actions.open_run(mine, strategy="verifier/arithmetic", traces=other.traces.all())


class TestAllowedBackends:
    @pytest.mark.parametrize("backend", ["openai:http://llm/v1?model=a", "transformers:models/policy"])
    def test_a_named_backend_or_one_that_begins_so_may_be_used(self, backend: str) -> None:
        allowed = ("openai:http://llm/*", "transformers:models/policy")
        assert a_run(strategy="rollout/scan", backend=backend, allowed_backends=allowed).backend == backend

    @pytest.mark.parametrize(
        "backend",
        [
            "openai:http://10.0.0.1/v1",
            "transformers:/etc",
            "transformers:models/policy2",
            "openai:http://llm/v1,http://10.0.0.1/v1?model=a",
            "openai:http://llm/v1?model=a&key_env=GRADUS_SECRET_KEY",
            "openai:http://llm/v1?model=a&key%5Fenv=GRADUS_SECRET_KEY",
            "openai:http://llm/@10.0.0.1/v1?model=a",
            "openai:http://llm/../admin?model=a",
        ],
    )
    def test_any_other_is_refused_and_leaves_no_run(self, backend: str) -> None:
        allowed = ("openai:http://llm/*", "transformers:models/policy")
        with pytest.raises(Rejected) as refusal:
            a_run(strategy="rollout/scan", backend=backend, allowed_backends=allowed)
        assert refusal.value.field == "backend"
        assert not Run.objects.exists()

    def test_the_operator_may_name_any(self) -> None:
        assert (
            a_run(strategy="rollout/scan", backend="transformers:/models/x").backend
            == "transformers:/models/x"
        )
