#!/usr/bin/env python3
"""Make the credentials of an installation: ``deploy/make_secrets.py FOLDER``. Needs Python alone.

Each holder has a folder of its own, so that it can be given that and no more:

    gateway/ users/ tasks/    amqp_uri
    internal/                 amqp_uri, for other systems
    info/                     amqp_uri, database_url (the role backoffice_info)
    migrate/                  database_url (the role backoffice_owner, which owns the schema)
    rabbitmq/                 definitions.json: deploy/rabbitmq/definitions.json with salted hashes of these passwords
                              and a user admin; admin: that user's password
    postgres/                 superuser, owner, info: passwords

A password that is there stays; the addresses around it are made anew. So a credential is rotated by deleting its file
and running this again.
"""

import argparse
import base64
import hashlib
import json
import secrets
from pathlib import Path
from urllib.parse import urlsplit

DEFINITIONS = Path(__file__).resolve().parent / "rabbitmq" / "definitions.json"
VHOST = "backoffice"
ADMIN = "admin"


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--broker", default="rabbitmq:5672", help="host and port of RabbitMQ (%(default)s)")
    parser.add_argument(
        "--broker-ca", help="speak TLS to it, checked against the authority in this file of a container"
    )
    parser.add_argument("--database", default="postgres:5432", help="host and port of PostgreSQL (%(default)s)")
    parser.add_argument("--database-options", default="", help="what follows the ? of its URL, as sslmode=require")
    chosen = parser.parse_args()
    make(chosen.folder, chosen.broker, chosen.broker_ca, chosen.database, chosen.database_options)


def make(folder: Path, broker: str, broker_ca: str | None, database: str, database_options: str) -> None:
    """Write what is missing below ``folder``; RabbitMQ's definitions are always made to fit the rest."""
    for role in ("owner", "info"):
        password = _kept(folder / "postgres" / role, _new())
        holder = {"owner": "migrate", "info": "info"}[role]
        query = f"?{database_options}" if database_options else ""
        url = f"postgresql://backoffice_{role}:{password}@{database}/backoffice{query}"
        _write(folder / holder / "database_url", url)
    _kept(folder / "postgres" / "superuser", _new())
    definitions = json.loads(DEFINITIONS.read_text(encoding="utf-8"))
    for user in definitions["users"]:
        path = folder / user["name"] / "amqp_uri"
        password = (urlsplit(path.read_text(encoding="utf-8")).password if path.exists() else None) or _new()
        scheme, query = ("amqps", f"?cacertfile={broker_ca}") if broker_ca else ("amqp", "")
        _write(path, f"{scheme}://{user['name']}:{password}@{broker}/{VHOST}{query}")
        user["password_hash"] = _hash(password)
    password = _kept(folder / "rabbitmq" / ADMIN, _new())
    algorithm = definitions["users"][0]["hashing_algorithm"]
    definitions["users"].append(
        {"name": ADMIN, "password_hash": _hash(password), "hashing_algorithm": algorithm, "tags": ["administrator"]}
    )
    definitions["permissions"].append({"user": ADMIN, "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"})
    _write(folder / "rabbitmq" / "definitions.json", json.dumps(definitions, indent=2) + "\n")


def _new() -> str:
    return secrets.token_urlsafe(32)


def _kept(path: Path, otherwise: str) -> str:
    if not path.exists():
        _write(path, otherwise)
    return path.read_text(encoding="utf-8").strip()


def _write(path: Path, content: str) -> None:
    """Readable by every user of what mounts the folder, which is one container, and writable by nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    path.chmod(0o444)


def _hash(password: str) -> str:
    """RabbitMQ's: a salt of four bytes, and the SHA-256 of salt and password. The passwords have 256 random bits, so a
    salt that follows from them gives nothing away, and makes the same definitions each time."""
    salt = hashlib.sha256(b"salt of " + password.encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


if __name__ == "__main__":
    main()
