"""A program that is told of everything, and members who are mailed."""

from __future__ import annotations

from annotate.addresses import reach_from
from annotate.models import Listener, Project
from annotate.notices.events import SUBSCRIBED
from annotate.notices.listeners import add_mail, add_webhook

HERE = reach_from(["127.0.0.1", "localhost"])


def a_webhook(project: Project, url: str = "https://chat.example.org/hook", **more: object) -> Listener:
    events = [str(event) for event in SUBSCRIBED]
    return add_webhook(project, name="chat", url=url, **{"events": events, "reach": HERE, **more})  # type: ignore[arg-type]


def some_members(project: Project, *roles: str) -> Listener:
    events = [str(event) for event in SUBSCRIBED]
    return add_mail(project, name="the team", roles=roles or ["owner"], events=events)
