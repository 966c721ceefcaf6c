from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, run_for
from annotate.consensus.actions import stop_run
from annotate.enums import Role, RunKind
from annotate.errors import Conflict
from annotate.models import Completion, Run
from annotate.prelabel.actions import open_run, raise_budget, retry_failed
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.serializers.run import (
    CompletionSerializer,
    NewBudget,
    NewRun,
    Retried,
    RunSerializer,
    RunWithProgress,
)
from workers.calibration import settings_beside
from workers.tasks.prelabel import send_run

SHOWN = ("criterion", "rater", "created_by")


class RunViewSet(NounViewSet):
    """Machine work over a project: pre-labelling runs, and the consensus runs among them."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.runs.select_related(*SHOWN))

    @extend_schema(responses=RunWithProgress)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(RunWithProgress(run_for(asker(request), pk)).data)

    @extend_schema(request=NewRun, responses={201: RunSerializer})
    def create(self, request: Request, slug: str) -> Response:
        """Open a pre-labelling run over all traces, or all pairs, and hand it to the workers."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewRun(data=request.data)
        new.is_valid(raise_exception=True)
        wanted = new.validated_data
        allowed = settings.PEOPLE_MAY_USE
        brought = settings_beside(wanted["strategy"], wanted["backend"], allowed=allowed)
        run = open_run(
            project,
            strategy=wanted["strategy"],
            backend=wanted["backend"],
            settings=brought | (wanted.get("settings") or {}),
            criterion_key=wanted.get("criterion"),
            created_by=asker(request),
            rater_name=wanted["rater"],
            pairs_per_problem=wanted["pairs_per_problem"],
            allowed_backends=allowed,
            budget_tokens=wanted.get("budget_tokens"),
            budget_completions=wanted.get("budget_completions"),
        )
        send_run(run)
        return Response(self.get_serializer(run).data, status=201)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Stop after the batch under way; what was labelled and paid for stays. A consensus decides nothing then."""
        run = run_for(asker(request), pk, role=Role.MANAGER)
        if not stop_run(run):
            raise Conflict("The run was over already.")
        run.refresh_from_db()
        return Response(self.get_serializer(run).data)

    @extend_schema(request=None, responses=Retried)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        """Try the failed and cancelled traces again, without paying twice for what there is."""
        run = run_for(asker(request), pk, role=Role.MANAGER)
        if run.kind != RunKind.PRELABEL:
            raise Conflict("A consensus run has nothing to retry; run the policy again.")
        retried = retry_failed(run)
        if retried:
            send_run(run)
        return Response({"retried": retried})

    @extend_schema(request=NewBudget, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def budget(self, request: Request, pk: int) -> Response:
        """Let the run spend more; a run that had stopped goes on when it is tried again."""
        run = run_for(asker(request), pk, role=Role.MANAGER)
        if run.kind != RunKind.PRELABEL:
            raise Conflict("A consensus run spends nothing.")
        new = NewBudget(data=request.data)
        new.is_valid(raise_exception=True)
        raise_budget(
            run,
            tokens=new.validated_data.get("budget_tokens"),
            completions=new.validated_data.get("budget_completions"),
        )
        run.refresh_from_db()
        return Response(self.get_serializer(run).data)


class CompletionViewSet(NounViewSet):
    """What a model answered, sample by sample: the evidence behind a run's labels."""

    queryset = Completion.objects.none()
    serializer_class = CompletionSerializer

    def list(self, request: Request, pk: int) -> Response:
        run = run_for(asker(request), pk)
        return self.page(run.completions.select_related("unit__trace", "unit__pair"))
