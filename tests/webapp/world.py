"""One project of Alice's with a row of every noun, and secrets planted where annotators must not look."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from allauth.socialaccount.models import SocialAccount

from annotate.addresses import reach_from
from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.consensus.actions import run_consensus
from annotate.enums import CutFault, FinishReason, Outcome, RaterKind, Role, RunKind, UnitState
from annotate.export.actions import build_release
from annotate.export.pushes import cancel_push, open_push
from annotate.ingest.founding import add_criteria
from annotate.ingest.image_drafts import image_draft
from annotate.ingest.image_store import store_images
from annotate.ingest.inviting import invite
from annotate.ingest.presets.parts import PREFERENCE_OF_PEOPLE
from annotate.ingest.uploads import add_piece, begin_upload
from annotate.label.cut_reports import report_cut
from annotate.label.discussion import write_comment
from annotate.measure.interventions import intervene, show_own_measures
from annotate.models import Completion, Estimate, Notice, Project, Run, Trace, Unit, Upload
from annotate.notices.listeners import add_webhook, try_listener
from annotate.tokens import make_token
from tests.factories import (
    a_candidate,
    a_criterion,
    a_label,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_project,
    a_rater,
    a_trace,
)
from tests.pictures import a_data_uri, a_png
from tests.webapp.factors import an_app
from tests.webapp.measured import a_ruler
from workers.tasks.ingest import store

SLUG = "secret-sums"
REFERENCE = "reference-forty-two"
# What raters other than Bob said, and what came with the trace.
SECRETS = ("carol-says", "judge-says", "rollout-says", "gold-says", "meta-says", "model-says")


@dataclass(frozen=True, slots=True)
class World:
    project: Project
    trace: Trace
    # What a path's word before an id stands for: traces/<pk>/ is a trace.
    ids: dict[str, int]
    # Of the image beside the first step.
    digest: str = ""


def a_world(releases: Path) -> World:
    """Bob holds an assignment of the trace, which everybody else has labelled already, and a comparison of it."""
    project = a_project(slug=SLUG, bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    an_app(a_person("dan"))
    SocialAccount.objects.create(user=a_person("dan"), provider="https://login.example", uid="d-1")
    add_criteria(project, (PREFERENCE_OF_PEOPLE,))
    trace = a_labelled_trace(project)
    run = a_prelabel_run(project, trace)
    # An earlier release, so that the next one says what changed.
    run_consensus(project, policy="majority", settings={"min_votes": 2})
    build_release(project, folder=releases, format="jsonl")
    # Two runs that stand beside each other; decisions of the first have a ledger.
    believed = run_consensus(project, policy="posterior")
    decided = run_consensus(project, policy="majority", settings={"with_machines": True})
    release = build_release(project, folder=releases, format="trl_stepwise", run=decided)
    estimate = Estimate.objects.create(
        project=project, criterion=a_criterion(project), name="alpha", value=0.5, data_version="1"
    )
    fill_queue(project)
    bob = rater_of(project, a_person("bob"))
    assignment = claim_next(project, bob)
    assert assignment is not None
    pair = a_pair(trace, a_trace(project, n_steps=2, problem=trace.problem), external_id="model-says")
    a_pair_label(project.raters.get(name="judge/one@v1"), pair, "left")
    fill_comparisons(project)
    comparison = claim_comparison(project, bob)
    assert comparison is not None
    assert project.rubric is not None
    invitation = invite(project, a_person("alice"), role=Role.ANNOTATOR)
    # Everybody's measures, Bob's own among them, which he may look at.
    a_ruler(project)
    show_own_measures(project, True)
    message = intervene(bob, "message", by=a_person("alice"), reason="Look at the guidelines once more.")
    # About the trace that Bob holds: one among reviewers, one to him.
    write_comment(trace, a_person("carol"), "carol-says @reviewers", position=0)
    comment = write_comment(trace, a_person("carol"), "Look at the units.", position=0, to=assignment)
    report = report_cut(assignment, 0, CutFault.OTHER, "Two steps in one.")
    upload = an_upload(project)
    push = cancel_push(open_push(release, repository="alice/sums"))
    notice = a_notice(project)
    token, _ = make_token(a_person("alice"), name="nightly", scopes=["read"], days=1)
    ids = {
        "pushes": push.pk,
        "listeners": notice.listener_id,
        "notices": notice.pk,
        "tokens": token.pk,
        "uploads": upload.pk,
        "cuts": report.pk,
        "invitations": invitation.pk,
        "comments": comment.pk,
        "messages": message.pk,
        "pairs": pair.pk,
        "lineups": a_lineup(*(a_trace(project, n_steps=1, problem=trace.problem) for _ in range(3))).pk,
        "traces": trace.pk,
        "problems": trace.problem_id,
        "rubrics": project.rubric.pk,
        "raters": bob.pk,
        "assignments": assignment.pk,
        "comparisons": comparison.pk,
        "labels": trace.steps.first().labels.get(rater__kind=RaterKind.JUDGE).pk,
        "runs": run.pk,
        "consensus": believed.pk,
        "decisions": believed.consensus.first().pk,
        "estimates": estimate.pk,
        "releases": release.pk,
    }
    return World(project, trace, ids, an_image(trace))


def a_notice(project: Project) -> Notice:
    """A test that waits for a worker, to a receiver that is told of everything."""
    events = ("run.finished", "run.failed", "reader.paused", "queue.empty")
    hook = add_webhook(
        project, name="chat", url="https://chat.example.org/model-says", events=events, reach=reach_from(())
    )
    try_listener(hook)
    return Notice.objects.get(listener=hook)


def an_upload(project: Project) -> Upload:
    """A file of one trace that has arrived and waits to be looked at."""
    content = b'{"id": "new", "problem": {"text": "1 + 1?"}, "steps": ["model-says"]}'
    upload = begin_upload(project, a_person("alice"), store(), name="more.jsonl", size=len(content))
    return add_piece(upload, store(), offset=0, body=BytesIO(content))


def an_image(trace: Trace) -> str:
    """A picture beside the trace's first step; its digest."""
    draft = image_draft(a_data_uri(a_png(40, 20)), "image")
    store_images(trace.project, [draft])
    step = trace.steps.get(position=0)
    step.meta = {**step.meta, "images": [{"image": draft.digest, "width": 40, "height": 20}]}
    step.save(update_fields=["meta"])
    return draft.digest


def a_labelled_trace(project: Project) -> Trace:
    trace = a_trace(project, n_steps=2, reference_answer=REFERENCE, outcome=Outcome.WRONG)
    Trace.objects.filter(pk=trace.pk).update(meta={"note": "meta-says"}, source_model="model-says")
    type(trace.problem).objects.filter(pk=trace.problem_id).update(meta={"note": "meta-says"})
    step = trace.steps.first()
    a_label(a_rater(project, name="carol", person=a_person("carol")), step, "good", text="carol-says")
    a_label(a_rater(project, RaterKind.JUDGE, "judge/one@v1"), step, "good", text="judge-says")
    a_label(a_rater(project, RaterKind.GOLD, "gold/key"), step, "bad", text="gold-says")
    a_candidate(step, "Another way.", source_model="model-says", meta={"note": "meta-says"})
    rollout = a_rater(project, RaterKind.ROLLOUT, "rollout/one@v1")
    a_label(rollout, step, "good", criterion_key="recoverable", text="rollout-says")
    trace.refresh_from_db()
    return trace


def a_prelabel_run(project: Project, trace: Trace) -> Run:
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name="judge/critique",
        criterion=a_criterion(project),
        rater=project.raters.get(name="judge/one@v1"),
    )
    unit = Unit.objects.create(run=run, trace=trace, state=UnitState.DONE)
    Completion.objects.create(
        run=run, unit=unit, digest="0" * 64, sample=0, text="judge-says", finish_reason=FinishReason.STOP
    )
    return run
