"""RabbitMQ over TLS: whoever cannot prove to be it is not spoken to."""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.info.service import InfoService
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.messaging.broker import BrokerUnavailable
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.loop import Gateway, loop_on
from tests.own_servers import own_rabbitmq
from tests.stack import free_port
from tests.waiting import eventually


@dataclass(frozen=True)
class Secured:
    """A RabbitMQ for ``localhost`` whose certificate ``ca.pem`` issued; ``stranger.pem`` issued nothing."""

    plain: str
    port: int
    folder: Path

    def uri(self, host: str = "localhost", authority: str | None = "ca.pem") -> str:
        query = f"?cacertfile={self.folder / authority}" if authority else ""
        return f"amqps://guest:guest@{host}:{self.port}//{query}"


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with tempfile.TemporaryDirectory(prefix="certificates-") as name:
        folder = Path(name)
        make_certificates(folder)
        port = free_port()
        configuration = [
            f"listeners.ssl.default = {port}",
            f"ssl_options.cacertfile = {folder}/ca.pem",
            f"ssl_options.certfile = {folder}/server.pem",
            f"ssl_options.keyfile = {folder}/server.key",
        ]
        with own_rabbitmq("\n".join(configuration) + "\n") as server:
            yield Secured(server.uri, port, folder)


def make_certificates(folder: Path) -> None:
    for authority in ("ca", "stranger"):
        openssl(folder, f"req -x509 -subj /CN={authority} -days 2 {KEY} -keyout {authority}.key -out {authority}.pem")
    openssl(folder, f"req -subj /CN=server {KEY} -keyout server.key -out server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    issue = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names"
    openssl(folder, f"x509 -req -in server.csr {issue} -out server.pem")
    # RabbitMQ runs under an account of its own.
    folder.chmod(0o755)
    (folder / "server.key").chmod(0o644)


KEY = "-nodes -newkey rsa:2048"


def openssl(folder: Path, words: str) -> None:
    done = subprocess.run(["openssl", *words.split()], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_loop_runs_over_tls(secured: Secured, database_url: str) -> None:
    with loop_on(database_url, secured.plain) as loop:
        loop.start(Gateway, InfoService, UsersService, TasksService, amqp_uri=secured.uri())
        tasks = [loop.office.task("alice", "create_customer", {"name": f"Ada {n}"}) for n in range(20)]
        loop.submit(*tasks)
        assert [outcome["status"] for outcome in loop.outcomes(*tasks)] == ["succeeded"] * len(tasks)


@pytest.mark.parametrize(
    ("host", "authority"), [("localhost", "stranger.pem"), ("localhost", None), ("127.0.0.1", "ca.pem")]
)
def test_a_certificate_of_another_issuer_or_for_another_name_is_refused(
    secured: Secured, caplog: pytest.LogCaptureFixture, host: str, authority: str | None
) -> None:
    broker = AmqpBroker(secured.uri(host, authority), "info")
    try:
        with pytest.raises(BrokerUnavailable):
            broker.start(timeout=3)
        eventually(lambda: "connection lost or not made: SSLCertVerificationError" in caplog.text)
        assert not broker.connected
    finally:
        broker.stop()
