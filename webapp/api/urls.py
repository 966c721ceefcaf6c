from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from webapp.api.reference import reference
from webapp.api.viewsets.assignment import AnswerViewSet, AssignmentViewSet
from webapp.api.viewsets.audit import JudgeViewSet
from webapp.api.viewsets.candidate import CandidateViewSet
from webapp.api.viewsets.comment import (
    CommentViewSet,
    QuestionViewSet,
    ReaderCommentViewSet,
    TraceCommentViewSet,
)
from webapp.api.viewsets.compared_review import (
    LineupDecisionViewSet,
    LineupKeyViewSet,
    LineupReviewQueueViewSet,
    LineupReviewViewSet,
    PairDecisionViewSet,
    PairKeyViewSet,
    PairReviewQueueViewSet,
    PairReviewViewSet,
)
from webapp.api.viewsets.comparison import ComparisonViewSet
from webapp.api.viewsets.consensus import ConsensusViewSet, DecisionViewSet
from webapp.api.viewsets.corpus import ProblemViewSet, StepViewSet, TraceViewSet
from webapp.api.viewsets.estimate import EstimateViewSet
from webapp.api.viewsets.exploration import BesideViewSet, EvidenceViewSet, ExplorationViewSet
from webapp.api.viewsets.label import LabelViewSet, TraceLabelViewSet
from webapp.api.viewsets.logbook import LogEntryViewSet
from webapp.api.viewsets.notice import ListenerViewSet, NoticeViewSet
from webapp.api.viewsets.project import MemberViewSet, ProjectViewSet
from webapp.api.viewsets.push import PushViewSet, ReleasePushViewSet
from webapp.api.viewsets.queue import InvitationViewSet, QueueViewSet
from webapp.api.viewsets.rater import RaterViewSet
from webapp.api.viewsets.recut import CutReportViewSet, OwnReportViewSet, RecutViewSet
from webapp.api.viewsets.release import ReleaseViewSet
from webapp.api.viewsets.review import (
    HistoryViewSet,
    OwnHistoryViewSet,
    ReviewQueueViewSet,
    ReviewViewSet,
    TraceDecisionViewSet,
)
from webapp.api.viewsets.rubric import PresetViewSet, RubricViewSet
from webapp.api.viewsets.run import CompletionViewSet, RunViewSet
from webapp.api.viewsets.sign_in import SignIn, SignOut
from webapp.api.viewsets.spending import SpendingViewSet
from webapp.api.viewsets.system import SystemViewSet
from webapp.api.viewsets.token import TokenViewSet
from webapp.api.viewsets.upload import UploadContentViewSet, UploadViewSet

LIST_AND_CREATE: dict[str, Any] = {"get": "list", "post": "create"}


def _get(name: str) -> dict[str, Any]:
    return {"get": name}


def _post(name: str) -> dict[str, Any]:
    return {"post": name}


app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", reference, name="reference"),
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("system/", SystemViewSet.as_view(_get("retrieve")), name="system"),
    path("tokens/", TokenViewSet.as_view(LIST_AND_CREATE), name="tokens"),
    path("tokens/<int:pk>/", TokenViewSet.as_view({"delete": "destroy"}), name="token"),
    path("presets/", PresetViewSet.as_view(_get("list")), name="presets"),
    path("projects/", ProjectViewSet.as_view(LIST_AND_CREATE), name="projects"),
    path("projects/<slug:slug>/", ProjectViewSet.as_view(_get("retrieve")), name="project"),
    path("projects/<slug:slug>/members/", MemberViewSet.as_view(LIST_AND_CREATE), name="members"),
    path("projects/<slug:slug>/log/", LogEntryViewSet.as_view(_get("list")), name="log"),
    path("projects/<slug:slug>/rubrics/", RubricViewSet.as_view(LIST_AND_CREATE), name="rubrics"),
    path("projects/<slug:slug>/problems/", ProblemViewSet.as_view(_get("list")), name="problems"),
    path("projects/<slug:slug>/traces/", TraceViewSet.as_view(LIST_AND_CREATE), name="traces"),
    path("projects/<slug:slug>/uploads/", UploadViewSet.as_view(LIST_AND_CREATE), name="uploads"),
    path(
        "uploads/<int:pk>/",
        UploadViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="upload",
    ),
    path(
        "uploads/<int:pk>/content/",
        UploadContentViewSet.as_view(_post("create")),
        name="upload-content",
    ),
    path("uploads/<int:pk>/preview/", UploadViewSet.as_view(_post("preview")), name="preview-upload"),
    path("uploads/<int:pk>/ingest/", UploadViewSet.as_view(_post("ingest")), name="ingest-upload"),
    path("uploads/<int:pk>/stop/", UploadViewSet.as_view(_post("stop")), name="stop-upload"),
    path("projects/<slug:slug>/labels/", LabelViewSet.as_view(LIST_AND_CREATE), name="labels"),
    path("projects/<slug:slug>/raters/", RaterViewSet.as_view(_get("list")), name="raters"),
    path("projects/<slug:slug>/assignments/", AssignmentViewSet.as_view(_get("list")), name="assignments"),
    path("projects/<slug:slug>/assignments/claim/", AssignmentViewSet.as_view(_post("claim")), name="claim"),
    path("projects/<slug:slug>/assignments/fill/", AssignmentViewSet.as_view(_post("fill")), name="fill"),
    path("projects/<slug:slug>/comparisons/", ComparisonViewSet.as_view(_get("list")), name="comparisons"),
    path(
        "projects/<slug:slug>/comparisons/claim/",
        ComparisonViewSet.as_view(_post("claim")),
        name="claim-comparison",
    ),
    path(
        "projects/<slug:slug>/comparisons/make/",
        ComparisonViewSet.as_view(_post("make")),
        name="make-comparisons",
    ),
    path(
        "projects/<slug:slug>/queue/",
        QueueViewSet.as_view({"get": "retrieve", "put": "update"}),
        name="queue",
    ),
    path(
        "projects/<slug:slug>/queue/overview/", QueueViewSet.as_view(_get("overview")), name="queue-overview"
    ),
    path(
        "projects/<slug:slug>/queue/filling/",
        QueueViewSet.as_view({"get": "filling", "post": "act_on_filling"}),
        name="filling",
    ),
    path("projects/<slug:slug>/queue/renew/", QueueViewSet.as_view(_post("renew")), name="renew-queue"),
    path("projects/<slug:slug>/queue/change/", QueueViewSet.as_view(_post("change")), name="change-traces"),
    path("projects/<slug:slug>/listeners/", ListenerViewSet.as_view(LIST_AND_CREATE), name="listeners"),
    path(
        "listeners/<int:pk>/",
        ListenerViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="listener",
    ),
    path("listeners/<int:pk>/renew/", ListenerViewSet.as_view(_post("renew")), name="renew-listener"),
    path("listeners/<int:pk>/test/", ListenerViewSet.as_view(_post("test")), name="try-listener"),
    path("projects/<slug:slug>/notices/", NoticeViewSet.as_view(_get("list")), name="notices"),
    path("notices/<int:pk>/again/", NoticeViewSet.as_view(_post("again")), name="notice-again"),
    path("projects/<slug:slug>/invitations/", InvitationViewSet.as_view(LIST_AND_CREATE), name="invitations"),
    path("invitations/<int:pk>/withdraw/", InvitationViewSet.as_view(_post("withdraw")), name="withdraw"),
    path("raters/<int:pk>/queue/", QueueViewSet.as_view(_post("reader")), name="reader"),
    path("projects/<slug:slug>/review/", ReviewQueueViewSet.as_view(_get("list")), name="review-queue"),
    path(
        "projects/<slug:slug>/review/names/", ReviewQueueViewSet.as_view(_post("names")), name="review-names"
    ),
    path(
        "projects/<slug:slug>/review/pairs/",
        PairReviewQueueViewSet.as_view(_get("list")),
        name="pair-review-queue",
    ),
    path(
        "projects/<slug:slug>/review/lineups/",
        LineupReviewQueueViewSet.as_view(_get("list")),
        name="lineup-review-queue",
    ),
    path("projects/<slug:slug>/questions/", QuestionViewSet.as_view(_get("list")), name="questions"),
    path("projects/<slug:slug>/history/", OwnHistoryViewSet.as_view(_get("list")), name="own-history"),
    path("projects/<slug:slug>/runs/", RunViewSet.as_view(LIST_AND_CREATE), name="runs"),
    path("projects/<slug:slug>/judges/", JudgeViewSet.as_view(_get("list")), name="judges"),
    path("projects/<slug:slug>/estimates/", EstimateViewSet.as_view(_get("list")), name="estimates"),
    path(
        "projects/<slug:slug>/spending/",
        SpendingViewSet.as_view({"get": "retrieve", "post": "create"}),
        name="spending",
    ),
    path("projects/<slug:slug>/consensus/", ConsensusViewSet.as_view(LIST_AND_CREATE), name="consensus"),
    path("projects/<slug:slug>/releases/", ReleaseViewSet.as_view(LIST_AND_CREATE), name="releases"),
    path(
        "rubrics/<int:pk>/",
        RubricViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="rubric",
    ),
    path("rubrics/<int:pk>/draft/", RubricViewSet.as_view(_post("draft")), name="draft-rubric"),
    path("rubrics/<int:pk>/carry/", RubricViewSet.as_view(_post("carry")), name="carry-rubric"),
    path("rubrics/<int:pk>/use/", RubricViewSet.as_view(_post("use")), name="use-rubric"),
    path("problems/<int:pk>/", ProblemViewSet.as_view(_get("retrieve")), name="problem"),
    path("traces/<int:pk>/", TraceViewSet.as_view(_get("retrieve")), name="trace"),
    path("traces/<int:pk>/steps/", StepViewSet.as_view(_get("list")), name="steps"),
    path("traces/<int:pk>/candidates/", CandidateViewSet.as_view(LIST_AND_CREATE), name="candidates"),
    path("traces/<int:pk>/labels/", TraceLabelViewSet.as_view(_get("list")), name="trace-labels"),
    path("traces/<int:pk>/review/", ReviewViewSet.as_view(_get("retrieve")), name="review"),
    path(
        "traces/<int:pk>/returned/",
        ReviewViewSet.as_view(_get("returned"), pagination_class=None),
        name="returned",
    ),
    path("traces/<int:pk>/return/", ReviewViewSet.as_view(_post("send_back")), name="send-back"),
    path("traces/<int:pk>/decisions/", TraceDecisionViewSet.as_view(LIST_AND_CREATE), name="trace-decisions"),
    path("traces/<int:pk>/decisions/clear/", TraceDecisionViewSet.as_view(_post("clear")), name="undecide"),
    path("pairs/<int:pk>/review/", PairReviewViewSet.as_view(_get("retrieve")), name="pair-review"),
    path("pairs/<int:pk>/decisions/", PairDecisionViewSet.as_view(LIST_AND_CREATE), name="pair-decisions"),
    path(
        "pairs/<int:pk>/decisions/clear/", PairDecisionViewSet.as_view(_post("clear")), name="undecide-pair"
    ),
    path("pairs/<int:pk>/return/", PairReviewViewSet.as_view(_post("send_back")), name="return-pair"),
    path("pairs/<int:pk>/key/", PairKeyViewSet.as_view(LIST_AND_CREATE), name="pair-key"),
    path("lineups/<int:pk>/review/", LineupReviewViewSet.as_view(_get("retrieve")), name="lineup-review"),
    path(
        "lineups/<int:pk>/decisions/",
        LineupDecisionViewSet.as_view(LIST_AND_CREATE),
        name="lineup-decisions",
    ),
    path(
        "lineups/<int:pk>/decisions/clear/",
        LineupDecisionViewSet.as_view(_post("clear")),
        name="undecide-lineup",
    ),
    path("lineups/<int:pk>/return/", LineupReviewViewSet.as_view(_post("send_back")), name="return-lineup"),
    path("lineups/<int:pk>/key/", LineupKeyViewSet.as_view(LIST_AND_CREATE), name="lineup-key"),
    path("projects/<slug:slug>/cuts/", CutReportViewSet.as_view(_get("list")), name="cut-reports"),
    path("cuts/<int:pk>/leave/", CutReportViewSet.as_view(_post("leave")), name="leave-cut"),
    path("traces/<int:pk>/cuts/", RecutViewSet.as_view(LIST_AND_CREATE), name="cuts"),
    path("assignments/<int:pk>/report/", OwnReportViewSet.as_view(_post("create")), name="report-cut"),
    path("traces/<int:pk>/comments/", TraceCommentViewSet.as_view(LIST_AND_CREATE), name="comments"),
    path("traces/<int:pk>/history/", HistoryViewSet.as_view(_get("list")), name="history"),
    path("comments/<int:pk>/", CommentViewSet.as_view(_get("retrieve")), name="comment"),
    path("comments/<int:pk>/edit/", CommentViewSet.as_view(_post("edit")), name="edit-comment"),
    path("comments/<int:pk>/resolve/", CommentViewSet.as_view(_post("resolve")), name="resolve-comment"),
    path("labels/<int:pk>/", LabelViewSet.as_view(_get("retrieve")), name="label"),
    path("raters/<int:pk>/audit/", JudgeViewSet.as_view(_get("retrieve")), name="audit"),
    path("raters/<int:pk>/", RaterViewSet.as_view(_get("retrieve")), name="rater"),
    path("assignments/<int:pk>/", AssignmentViewSet.as_view(_get("retrieve")), name="assignment"),
    path("assignments/<int:pk>/extend/", AssignmentViewSet.as_view(_post("extend")), name="extend"),
    path("assignments/<int:pk>/release/", AssignmentViewSet.as_view(_post("release")), name="give-back"),
    path("assignments/<int:pk>/skip/", AssignmentViewSet.as_view(_post("skip")), name="skip"),
    path("assignments/<int:pk>/submit/", AssignmentViewSet.as_view(_post("submit")), name="submit"),
    path(
        "assignments/<int:pk>/comments/", ReaderCommentViewSet.as_view(LIST_AND_CREATE), name="own-comments"
    ),
    path("assignments/<int:pk>/labels/", AnswerViewSet.as_view(LIST_AND_CREATE), name="answers"),
    path("assignments/<int:pk>/labels/clear/", AnswerViewSet.as_view(_post("clear")), name="clear"),
    path("comparisons/<int:pk>/", ComparisonViewSet.as_view(_get("retrieve")), name="comparison"),
    path(
        "comparisons/<int:pk>/extend/", ComparisonViewSet.as_view(_post("extend")), name="extend-comparison"
    ),
    path(
        "comparisons/<int:pk>/release/",
        ComparisonViewSet.as_view(_post("release")),
        name="release-comparison",
    ),
    path("comparisons/<int:pk>/skip/", ComparisonViewSet.as_view(_post("skip")), name="skip-comparison"),
    path(
        "comparisons/<int:pk>/submit/", ComparisonViewSet.as_view(_post("submit")), name="submit-comparison"
    ),
    path("runs/<int:pk>/", RunViewSet.as_view(_get("retrieve")), name="run"),
    path("runs/<int:pk>/cancel/", RunViewSet.as_view(_post("cancel")), name="cancel"),
    path("runs/<int:pk>/retry/", RunViewSet.as_view(_post("retry")), name="retry"),
    path("runs/<int:pk>/budget/", RunViewSet.as_view(_post("budget")), name="budget"),
    path("runs/<int:pk>/completions/", CompletionViewSet.as_view(_get("list")), name="completions"),
    path("runs/<int:pk>/decisions/", DecisionViewSet.as_view(_get("list")), name="decisions"),
    path("runs/<int:pk>/exploration/", ExplorationViewSet.as_view(_get("retrieve")), name="exploration"),
    path("runs/<int:pk>/beside/", BesideViewSet.as_view(_get("retrieve")), name="beside"),
    path("decisions/<int:pk>/evidence/", EvidenceViewSet.as_view(_get("retrieve")), name="decision-evidence"),
    path("decisions/<int:pk>/", DecisionViewSet.as_view(_get("retrieve")), name="decision"),
    path("estimates/<int:pk>/", EstimateViewSet.as_view(_get("retrieve")), name="estimate"),
    path("releases/<int:pk>/", ReleaseViewSet.as_view(_get("retrieve")), name="release"),
    path("releases/<int:pk>/pushes/", ReleasePushViewSet.as_view(LIST_AND_CREATE), name="release-pushes"),
    path("pushes/<int:pk>/", PushViewSet.as_view(_get("retrieve")), name="push"),
    path("pushes/<int:pk>/cancel/", PushViewSet.as_view(_post("cancel")), name="cancel-push"),
    path("pushes/<int:pk>/retry/", PushViewSet.as_view(_post("retry")), name="retry-push"),
    path("releases/<int:pk>/files/<path:name>", ReleaseViewSet.as_view(_get("file")), name="release-file"),
]
