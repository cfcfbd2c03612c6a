"""A system as it is deployed, two of each service, with operators of every role whose tokens were generated."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from services.contracts.operators import Role
from services.info import operators
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Transaction
from tests import parts
from tests.client import Client, Live
from tests.security.guarded_broker import GuardedBroker
from tests.stack import Stack

STAFF = {
    "Alice": (Role.ADMIN, 1),
    "Adam": (Role.ADMIN, 2),
    "Bob": (Role.COMPLIANCE, 1),
    "Carol": (Role.COMPLIANCE, 2),
    "Dave": (Role.SERVICE, 1),
    "Erin": (Role.SERVICE, 2),
}

CONTENT = {"document": {"content": "Passport"}, "transfer": {"amount": "1.00"}, "inquiry": {"problem": "Where?"}}
"""What an item is made of, by its type."""

DATABASE_PASSWORD = "password-of-the-database"


@dataclass
class Staffed:
    """The system, and who works with it."""

    stack: Stack
    broker: GuardedBroker
    database_url: str
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def client(self, name: str, gateway: int = 0) -> Client:
        """An operator at one of the gateways."""
        return Client(self.stack.gateways[gateway], self.tokens[name])

    def live(self, name: str, gateway: int = 0) -> Live:
        """An operator's WebSocket, ready."""
        return self.client(name, gateway).live()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction of whoever administers the database."""
        pool = Pool(self.database_url, 2, "", "backoffice test")
        try:
            with pool.transaction() as tx:
                yield tx
        finally:
            pool.close()

    def hire(self, name: str, role: Role, level: int) -> Client:
        """A new operator, logged in."""
        with self.transaction() as tx:
            hired = operators.add(tx, name, role, level, "the tests")
        self.tokens[name], self.ids[name] = hired.token, hired.id
        client = self.client(name)
        assert client.login(name)["status"] == "succeeded"
        return client

    def customer(self) -> int:
        """The id of a customer, always the same."""
        created = self.client("Alice").run("create_customer", {"name": "Ada"}, Idempotency_Key="the-one-customer")
        return int(created["result"]["customer"]["id"])

    def create_item(self, name: str, kind: str, level: int) -> int:
        """The id of a new item, which ``name`` made."""
        data = {"cid": self.customer(), "level": level} | CONTENT[kind]
        return int(self.client(name).run(f"create_{kind}", data)["result"][kind]["id"])

    def session_of(self, name: str) -> str:
        """The id of the operator's open session, which only services know."""
        with self.transaction() as tx:
            row = tx.one("SELECT id FROM session WHERE operator_id = %s AND ended_at IS NULL", (self.ids[name],))
        assert row is not None
        return str(row["id"])

    def session_of_client(self, client: Client) -> str:
        """The same, of whoever has that token."""
        return self.session_of(next(name for name, token in self.tokens.items() if token == client.token))


@contextmanager
def staffed(broker: GuardedBroker, postgres: str, template: str) -> Iterator[Staffed]:
    """One whose staff is logged in."""
    with parts.temporary_database(postgres, template) as plain:
        url = _with_password(plain)
        of_service = broker.of_service
        of_service["info"]["DATABASE_URL"] = url
        # The broker and the database's password are given to no process that does not need them.
        with Stack(
            "", None, 2, {"LOG_LEVEL": "DEBUG", "MAX_CLAIMS": "50", "FAILED_TOKENS_PER_MINUTE": "30"}, of_service
        ) as stack:
            system = Staffed(stack, broker, url)
            for name, (role, level) in STAFF.items():
                system.hire(name, role, level)
            yield system


def _with_password(url: str) -> str:
    parts_ = urlsplit(url)
    return urlunsplit(parts_._replace(netloc=f"{parts_.username}:{DATABASE_PASSWORD}@{parts_.hostname}:{parts_.port}"))
