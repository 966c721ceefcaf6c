from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path

from webapp.views import assign, consensus, export, label, measure, people, prelabel, project, review, trace

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("webapp.api.urls")),
    path("sign-in/", LoginView.as_view(template_name="people/sign_in.html"), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("me/", people.preferences, name="preferences"),
    path("", project.projects, name="projects"),
    path("new/", project.new_project, name="new-project"),
    path("projects/<slug:slug>/", project.project, name="project"),
    path("projects/<slug:slug>/members/", project.members, name="members"),
    path("projects/<slug:slug>/traces/", trace.traces, name="traces"),
    path("projects/<slug:slug>/queue/", assign.queue, name="queue"),
    path("projects/<slug:slug>/queue/fill/", assign.fill, name="fill"),
    path("projects/<slug:slug>/review/", review.queue, name="review-queue"),
    path("projects/<slug:slug>/review/names/", review.names, name="review-names"),
    path("projects/<slug:slug>/runs/", prelabel.runs, name="runs"),
    path("projects/<slug:slug>/runs/new/", prelabel.new_run, name="new-run"),
    path("projects/<slug:slug>/measure/", measure.measure, name="measure"),
    path("projects/<slug:slug>/judges/", measure.judges, name="judges"),
    path("raters/<int:pk>/audit/", measure.audit, name="audit"),
    path("projects/<slug:slug>/consensus/", consensus.consensus, name="consensus"),
    path("projects/<slug:slug>/consensus/new/", consensus.new_consensus, name="new-consensus"),
    path("projects/<slug:slug>/releases/", export.releases, name="releases"),
    path("projects/<slug:slug>/releases/new/", export.new_release, name="new-release"),
    path("traces/<int:pk>/", trace.trace, name="trace"),
    path("traces/<int:pk>/review/", review.review, name="review"),
    path("assignments/<int:pk>/", label.sheet, name="assignment"),
    path("assignments/<int:pk>/answers/", label.answers, name="answers"),
    path("assignments/<int:pk>/lease/", assign.lease, name="lease"),
    path("assignments/<int:pk>/skip/", assign.skip, name="skip"),
    path("assignments/<int:pk>/release/", assign.release, name="release-assignment"),
    path("runs/<int:pk>/", prelabel.run, name="run"),
    path("runs/<int:pk>/answers/", prelabel.answers, name="run-answers"),
    path("runs/<int:pk>/cancel/", prelabel.cancel, name="cancel-run"),
    path("runs/<int:pk>/retry/", prelabel.retry, name="retry-run"),
    path("consensus/<int:pk>/", consensus.consensus_run, name="consensus-run"),
    path("releases/<int:pk>/", export.release, name="release"),
    path("releases/<int:pk>/files/<path:name>", export.release_download, name="release-file"),
]
