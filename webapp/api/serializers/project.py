from __future__ import annotations

from rest_framework import serializers

from annotate.enums import Role
from annotate.ingest.presets import GALLERY, USUAL
from annotate.models import Membership, Project

# Owners are made with their project; every other role can be given.
GIVEN_ROLES = [role for role in Role.choices if role[0] != Role.OWNER]


class ProjectSerializer(serializers.ModelSerializer[Project]):
    class Meta:
        model = Project
        fields = (
            "slug",
            "name",
            "description",
            "rubric",
            "overlap",
            "lease_minutes",
            "shows_reference",
            "reveals_prelabels",
            "hides_readers",
            "created_at",
        )
        read_only_fields = fields


class NewProject(serializers.Serializer[Project]):
    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField(max_length=80, required=False, help_text="Made from the name when left out.")
    description = serializers.CharField(required=False, allow_blank=True)
    overlap = serializers.IntegerField(min_value=1, max_value=100, default=1)
    preset = serializers.ChoiceField(
        choices=tuple(GALLERY), default=USUAL, help_text="The rubric of the gallery that it begins with."
    )


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    username = serializers.CharField(source="person.username", read_only=True)
    name = serializers.CharField(source="person.shown_name", read_only=True)

    class Meta:
        model = Membership
        fields = ("username", "name", "role", "created_at")
        read_only_fields = fields


class NewMember(serializers.Serializer[Membership]):
    """Owners are made with their project."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=GIVEN_ROLES)
