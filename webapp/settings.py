"""The one settings file. What differs between machines is read from the environment (see docs/settings.md)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import structlog
from csp.constants import NONE, SELF
from structlog.typing import Processor

from annotate.addresses import reach_from
from annotate.ingest.image_hosts import image_hosts_from
from webapp.env import Env, EnvError
from workers import tracing

VERSION = "0.1.0"
env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

PROFILE = env.choice("GRADUS_PROFILE", "embedded", ("embedded", "production"))
IS_PRODUCTION = PROFILE == "production"
HOME = Path(env.text("GRADUS_HOME", str(BASE_DIR / ".gradus"))).resolve()
# Files that come in over the network wait here for a worker, which must see the same folder.
UPLOADS_DIR = Path(env.text("GRADUS_UPLOADS", str(HOME / "uploads"))).resolve()
MOST_UPLOADED_BYTES = env.number("GRADUS_MAX_FILE_GB", 20, least=1) * 1024**3
RELEASES_DIR = Path(env.text("GRADUS_RELEASES", str(HOME / "releases"))).resolve()
# Hash lists of benchmarks, by which releases are held against them (manage.py hashes).
BENCHMARKS_DIR = Path(env.text("GRADUS_BENCHMARKS", str(HOME / "benchmarks"))).resolve()

SECRET_KEY = env.secret("GRADUS_SECRET_KEY", kept_in=None if IS_PRODUCTION else HOME / "secret_key")
DEBUG = env.flag("GRADUS_DEBUG", default=False)
ALLOWED_HOSTS = env.words(
    "GRADUS_ALLOWED_HOSTS", default=() if IS_PRODUCTION else ("localhost", "127.0.0.1", "[::1]")
)
if IS_PRODUCTION and not ALLOWED_HOSTS:
    raise EnvError("GRADUS_ALLOWED_HOSTS is not set. Name the hosts people will use, separated by commas.")
CSRF_TRUSTED_ORIGINS = env.words("GRADUS_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "annotate",
    "webapp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "csp",
    "axes",
    # Second factors, and signing in by somebody else's service: their tables and their reckoning, none of their pages.
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
]

MIDDLEWARE = [
    "webapp.health.Health",
    "webapp.request_log.RequestLog",
    "webapp.http.CompressText",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "webapp.signed_in.SignedIn",
    "webapp.acting.Acting",
    # Both know the person: their clock, and their language, whose choice comes before the browser's.
    "webapp.http.PersonTimeZone",
    "webapp.http.PersonsLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.http.ContentPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.http.GradusErrorMiddleware",
    "webapp.http.NoNul",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.login_flow.FactorFirst",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
ASGI_APPLICATION = "webapp.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.static",
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "webapp.templatetags.words",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# IMMEDIATE takes the write lock at BEGIN: with DEFERRED, four writers lost a tenth of their transactions to
# "database is locked". WAL lets readers go on meanwhile.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
        "PRAGMA cache_size=-20000;PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=67108864;"
    ),
}

# Seconds, but for the last: nobody waits for two hours for a server whose cable was cut.
WAITING_FOR_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 40_000,
}


def database_from(url: str) -> dict[str, Any]:
    try:
        # dj_database_url returns a TypedDict that is narrower than what Django takes.
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except (ValueError, KeyError) as error:
        raise EnvError(f"DATABASE_URL cannot be understood: {error}") from None
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = SQLITE_OPTIONS
        return database
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["ENGINE"] = "webapp.postgresql"
        database["OPTIONS"] = WAITING_FOR_POSTGRESQL | database.get("OPTIONS", {})
    if env.flag("GRADUS_PREPARED_STATEMENTS", default=True):
        # Django leaves them off for the sake of poolers; only what annotate/prepared.py asks is ever prepared.
        database["OPTIONS"] = {**database.get("OPTIONS", {}), "prepare_threshold": 5}
    return database


# Sign-ins, sessions and the secret live here.
HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
DATABASES = {"default": database_from(env.url("DATABASE_URL", f"sqlite:///{HOME / 'gradus.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "annotate.Person"
# The first only refuses: whoever has guessed too often.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "webapp.signed_in.AccountBackend"]
# How many proxies stand in front of the server, each of which adds to X-Forwarded-For.
PROXIES = env.number("GRADUS_PROXIES", 0)
AXES_LOCKOUT_PARAMETERS = "webapp.guessing.counted_together"
# Nothing that was typed is kept.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AXES_FAILURE_LIMIT = env.number("GRADUS_WRONG_SIGN_INS", 10, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.number("GRADUS_LOCKED_OUT_MINUTES", 15, least=1))
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "webapp.guessing.address_of"
AXES_LOCKOUT_CALLABLE = "webapp.guessing.locked_out"
# Who signed in when, and from where, is nobody's business; only wrong attempts are kept, until they are too old.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
SESSION_ENGINE = "webapp.signed_in"
# Whom the site demands a second factor of, before anything else. Tokens of programs are not asked.
FACTOR_DEMANDED_OF = env.choice("GRADUS_REQUIRE_MFA", "nobody", ("nobody", "managers", "everybody"))
ACCOUNT_ADAPTER = "webapp.login_flow.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
# They count in a cache, which every web process has for itself; webapp/guessing.py counts in the database.
ACCOUNT_RATE_LIMITS = False
SOCIALACCOUNT_ADAPTER = "webapp.issuer.IssuerAdapter"
# A service elsewhere that knows who people are, by OpenID Connect; without an issuer there is none.
OIDC_ISSUER = (
    env.address("GRADUS_OIDC_ISSUER", "https://login.example.org")
    if env.text("GRADUS_OIDC_ISSUER", "")
    else ""
)
OIDC_CLIENT_ID = env.text("GRADUS_OIDC_CLIENT_ID", None if OIDC_ISSUER else "")
OIDC_CLIENT_SECRET = env.text("GRADUS_OIDC_CLIENT_SECRET", "")
OIDC_LABEL = env.text("GRADUS_OIDC_LABEL", urlsplit(OIDC_ISSUER).hostname or "")
OIDC_DOMAINS = env.words("GRADUS_OIDC_DOMAINS")
OIDC_SIGN_UP = env.flag("GRADUS_OIDC_SIGN_UP", default=False)
OIDC_ASKS_FACTOR = env.flag("GRADUS_OIDC_ASKS_SECOND_FACTOR", default=False)
MFA_ADAPTER = "webapp.second_factor.FactorAdapter"
# The code before and the one after as well: clocks of telephones are half a minute off.
MFA_TOTP_TOLERANCE = 1
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "sign-in"

LANGUAGE_CODE = "en"
# Each but the first has a catalogue in locale/ (docs/translation.md); every language is named in itself.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["webapp.formats"]
TIME_ZONE = env.text("GRADUS_TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "webapp.bundles.BundleFinder",
]
BUNDLES_DIR = HOME / "bundles"
STATIC_ROOT = Path(env.text("GRADUS_STATIC_ROOT", str(HOME / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Without a collectstatic step the embedded profile serves straight from static/.
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
if not IS_PRODUCTION:
    # WhiteNoise warns at every start while it is absent.
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = DEBUG

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if IS_PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("GRADUS_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.number("GRADUS_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# A trace may be long; a form never carries one, the ingest API does.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("GRADUS_MAX_UPLOAD_MB", 20, least=1) * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.tokens.TokenAuthentication",
        "webapp.api.sessions.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "webapp.api.scopes.InScope",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "webapp.api.parsers.JsonBody",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webapp.http.api_error",
    "NUM_PROXIES": PROXIES,
    "DEFAULT_THROTTLE_RATES": {"sign-in": env.text("GRADUS_SIGN_IN_RATE", "10/min")},
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gradus",
    "DESCRIPTION": "Step-level labels for reasoning traces.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webapp.api.error_schema.with_errors",
    ],
    # Several nouns have a state and a kind; without names of their own the schema numbers them by hash.
    "ENUM_NAME_OVERRIDES": {
        "AssignmentState": "annotate.enums.AssignmentState",
        "GivenRole": "webapp.api.serializers.project.GIVEN_ROLES",
        "Outcome": "annotate.enums.Outcome",
        "Purpose": "annotate.enums.Purpose",
        "Role": "annotate.enums.Role",
        "SoughtOutcome": "webapp.api.serializers.queue.SOUGHT_OUTCOMES",
        "CandidateKind": "annotate.enums.CandidateKind",
        "CriterionKind": "annotate.enums.CriterionKind",
        "ListenerKind": "annotate.enums.ListenerKind",
        "MailedRole": "webapp.api.serializers.notice.TOLD_ROLES",
        "NoticeEvent": "annotate.enums.NoticeEvent",
        "NoticeState": "annotate.enums.NoticeState",
        "ToldEvent": "webapp.api.serializers.notice.TOLD_EVENTS",
        "RaterKind": "annotate.enums.RaterKind",
        "RecutKind": "annotate.enums.RecutKind",
        "ReleaseState": "annotate.enums.ReleaseState",
        "RunKind": "annotate.enums.RunKind",
        "RunState": "annotate.enums.RunState",
        "StepKind": "annotate.enums.StepKind",
        "TokenScope": "annotate.enums.TokenScope",
        "UploadState": "annotate.enums.UploadState",
        "WhatToBuy": "webapp.api.serializers.spending.KINDS",
    },
}

# Where people find this site, for links in what is sent to them; empty: links are paths.
SITE_ADDRESS = env.text("GRADUS_ADDRESS", "").rstrip("/")
# Without a host no e-mail is sent, and the page of the notices says so.
EMAIL_HOST = env.text("GRADUS_EMAIL_HOST", "")
HAS_EMAIL = bool(EMAIL_HOST)
EMAIL_PORT = env.number("GRADUS_EMAIL_PORT", 587, least=1)
_email_security = env.choice("GRADUS_EMAIL_SECURITY", "starttls", ("starttls", "tls", "none"))
EMAIL_USE_TLS, EMAIL_USE_SSL = _email_security == "starttls", _email_security == "tls"
EMAIL_HOST_USER = env.text("GRADUS_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("GRADUS_EMAIL_PASSWORD", "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("GRADUS_EMAIL_FROM") if HAS_EMAIL else ""
# Hosts and networks that webhooks may reach although they are not public, or without TLS.
WEBHOOK_HOSTS = env.words("GRADUS_WEBHOOK_HOSTS")
try:
    reach_from(WEBHOOK_HOSTS)
except ValueError as error:
    raise EnvError(f"GRADUS_WEBHOOK_HOSTS: {error}. Use host names, addresses and networks.") from None
# Hosts from which images are fetched that rows name by address; none, and they stay addresses.
IMAGE_HOSTS = env.words("GRADUS_IMAGE_HOSTS")
try:
    image_hosts_from(IMAGE_HOSTS)
except ValueError as error:
    raise EnvError(f"GRADUS_IMAGE_HOSTS: {error}. Use host names, addresses and networks.") from None

BROKER_URL = env.url("GRADUS_BROKER_URL", "filesystem://")
# Two sites on one broker need two prefixes, or their workers take each other's messages.
BROKER_PREFIX = env.text("GRADUS_BROKER_PREFIX", "gradus")
# Backends that people may name in the browser and by the API; the command line may name any. On a laptop the person
# is the operator, hence None: all.
PEOPLE_MAY_USE = env.words("GRADUS_BACKENDS") if IS_PRODUCTION or env.is_set("GRADUS_BACKENDS") else None
# Where releases are pushed to, by the name the Hub's own client reads; its token is read by workers alone
# (workers/hub/client.py), so that no page of a web process could show it.
HUB_ENDPOINT = env.address("HF_ENDPOINT", "https://huggingface.co")
# Owners below whose names people may push by the browser and by the API; the command line may name any.
HUB_OWNERS = env.words("GRADUS_HUB_OWNERS") if IS_PRODUCTION or env.is_set("GRADUS_HUB_OWNERS") else None
# Who may read /metrics/ from another machine; empty: nobody, and whoever is on this one.
METRICS_TOKEN = env.text("GRADUS_METRICS_TOKEN", "")
METRICS_DIR = HOME / "metrics"
LOGS_REQUESTS = env.flag("GRADUS_LOG_REQUESTS", default=IS_PRODUCTION)
WORKER_LEASE_SECONDS = env.number("GRADUS_WORKER_LEASE_SECONDS", 60, least=2)
LONGEST_TASK_SECONDS = env.number("GRADUS_LONGEST_TASK_SECONDS", 86_400, least=1)

IS_TRACED = tracing.is_wanted() and tracing.is_possible()
_every_line: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
if IS_TRACED:
    from workers.tracing.log_lines import with_trace

    _every_line.insert(1, with_trace)
structlog.configure(
    processors=[*_every_line, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if IS_PRODUCTION
            # Plain: the renderer's own way prints every local variable, passwords and keys among them.
            else structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
            "foreign_pre_chain": _every_line,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["stderr"], "level": env.text("GRADUS_LOG_LEVEL", "INFO")},
}
