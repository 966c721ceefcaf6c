"""``{% load issuer %}``: the way to the service elsewhere that knows who people are, where the site has one."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.inclusion_tag("parts/issuer.html")
def issuer_link(to: str = "") -> dict[str, str]:
    """``to``: where one wants to be afterwards."""
    return {"label": settings.OIDC_LABEL if settings.OIDC_ISSUER else "", "to": to}
