"""A notice to a member, by e-mail, in the language they have chosen."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext

from annotate.models import Notice, Person
from annotate.notices.announcing import mailed_members
from annotate.notices.events import page_of, sentence_of
from annotate.notices.sending import Answer


def mail(notice: Notice) -> Answer:
    """Try once. Whoever is no member any more, or has another role, is told nothing."""
    if not settings.HAS_EMAIL:
        return Answer(False, words="E-mail is not set up here: GRADUS_EMAIL_HOST is not set.", is_final=True)
    member = mailed_members(notice.listener).filter(person=notice.person_id).first()
    if member is None:
        return Answer(
            False, words="No member any more, without the role, or without an address.", is_final=True
        )
    person = member.person
    try:
        message_to(person, notice).send()
    except smtplib.SMTPRecipientsRefused as error:
        status, words = error.recipients.get(person.email, (0, b""))
        is_final = 500 <= status < 600
        return Answer(False, status or None, _without(person, _text(words)), is_final=is_final)
    except smtplib.SMTPResponseException as error:
        return Answer(False, max(error.smtp_code, 0), _without(person, _text(error.smtp_error)))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Answer(False, words=_without(person, f"{type(error).__name__}: {error}"))
    return Answer(True, words="The mail server has taken it.")


def message_to(person: Person, notice: Notice) -> EmailMessage:
    project = notice.listener.project
    with translation.override(person.language or settings.LANGUAGE_CODE):
        says = sentence_of(notice.event, notice.facts)
        page = settings.SITE_ADDRESS + page_of(notice.event, notice.facts, project.slug)
        why = gettext(
            "You get this as a member of the project %(slug)s. Its managers choose who is told what, on its page"
            " of notices."
        ) % {"slug": project.slug}
    return EmailMessage(
        # A name may hold anything; a header holds one line.
        subject=" ".join(f"[{project.name}] {says}".split()),
        body=f"{says}\n\n{page}\n\n-- \n{why}\n",
        to=[person.email],
        headers={"Message-ID": f"<{notice.message_id}@gradus>", "Auto-Submitted": "auto-generated"},
    )


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _without(person: Person, words: str) -> str:
    """Servers repeat the address, which managers are not shown."""
    return words.replace(person.email, "(their address)")
