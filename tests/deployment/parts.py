"""A database with the roles that a deployment makes."""

import os
import subprocess
from pathlib import Path

import psycopg2
from psycopg2 import sql

from tests.own_servers import OwnPostgres
from tests.parts import run_sql
from tests.stack import ROOT


def make_roles(postgres: OwnPostgres, passwords: Path) -> None:
    """Run ``deploy/postgres/roles.sh`` as the image of PostgreSQL does, then ask them for their passwords."""
    script = (ROOT / "deploy/postgres/roles.sh").read_text(encoding="utf-8").replace("/run/secrets", str(passwords))
    host = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "POSTGRES_USER": postgres.user}
    subprocess.run(["sh", "-c", script], env=os.environ | host, check=True, timeout=60)
    _ask_for_passwords(postgres, "backoffice_owner", "backoffice_info")


def _ask_for_passwords(postgres: OwnPostgres, *roles: str) -> None:
    """Of these roles alone: the tests' own server lets everybody else in."""
    connection = psycopg2.connect(postgres.url)
    with connection.cursor() as cursor:
        cursor.execute("SHOW hba_file")
        ((file,),) = cursor.fetchall()
        rules = Path(file)
        rules.write_text(f"host all {','.join(roles)} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()


def new_database(postgres: OwnPostgres) -> None:
    """The database as the script makes it."""
    run_sql(postgres.url, sql.SQL("DROP DATABASE IF EXISTS backoffice WITH (FORCE)"))
    run_sql(postgres.url, sql.SQL("CREATE DATABASE backoffice OWNER backoffice_owner"))
