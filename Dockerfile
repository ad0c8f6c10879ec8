# syntax=docker/dockerfile:1
# One image for web, crawler, worker and beat: the packages of the lock, the application, no compiler, no root.
FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/launchwatch
ENV PATH=/opt/launchwatch/bin:$PATH
WORKDIR /src
COPY requirements.lock requirements-dev.lock ./
RUN pip install --require-hashes -r requirements.lock
# The driver of PostgreSQL is an extra: its pinned, hashed lines stand in the lock of the development tools.
RUN awk '/^[^ #]/ {keep = /^psycopg/} keep' requirements-dev.lock > postgres.lock \
    && pip install --require-hashes --no-deps -r postgres.lock
COPY . .
RUN pip install --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="Launchwatch" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/launchwatch launchwatch
COPY --from=build /opt/launchwatch /opt/launchwatch
COPY --chmod=0755 docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/launchwatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LAUNCHWATCH_HOME=/var/lib/launchwatch \
    LAUNCHWATCH_HOST=0.0.0.0 \
    LAUNCHWATCH_PORT=8000
USER launchwatch
WORKDIR /var/lib/launchwatch
VOLUME /var/lib/launchwatch
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["launchwatch", "up"]
