# The web and worker image. EXTRA is a lock of requirements/: base, export (Parquet, Hub) or local, which
# wants TORCH=1 as well: only a worker that holds models itself (worker-gpu in docker-compose.yml) needs it.
FROM python:3.11.14-slim-trixie

ARG EXTRA=export
# "1" adds torch's build of the default index, which brings CUDA along.
ARG TORCH=""
ENV GRADUS_NO_BOOTSTRAP=1 \
    GRADUS_PROFILE=production \
    GRADUS_HOME=/data \
    HF_HOME=/models \
    GRADUS_STATIC_ROOT=/srv/static \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --uid 10001 --create-home gradus && install -d -o gradus -g gradus /data /srv/static /models
WORKDIR /app
# Traces for OpenTelemetry weigh 8 MB and are off until a receiver is named.
COPY requirements/${EXTRA}.lock requirements/otel.lock requirements/torch.txt requirements/
RUN pip install --no-cache-dir --require-hashes \
        --requirement requirements/${EXTRA}.lock --requirement requirements/otel.lock \
    && if [ -n "$TORCH" ]; then pip install --no-cache-dir --requirement requirements/torch.txt; fi
COPY . .

USER gradus
# Static files are named by their content at build time; the values below are used for nothing else.
RUN GRADUS_SECRET_KEY=only-for-this-step GRADUS_ALLOWED_HOSTS=localhost python manage.py collectstatic --noinput

EXPOSE 8000
CMD ["gunicorn", "webapp.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "30", "--logger-class", "webapp.server_log.ServerLog"]
