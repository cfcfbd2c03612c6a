"""The system works while each service's user of the broker may do what the definitions file allows, and no more."""

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from services.contracts.calls import SYSTEMS
from services.contracts.operators import Role
from services.runtime.messaging.broker import SYSTEMS_RPC_EXCHANGE
from tests import parts
from tests.security.guarded_broker import GuardedBroker
from tests.stack import demo_stack
from tests.test_script import difference, log_of


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_the_whole_scenario_works_with_each_service_as_its_own_user(
    guarded: GuardedBroker, postgres: str, mode: str
) -> None:
    own = guarded.another(f"scenario-{mode}")
    modes = {f"DB_TASKS_{role.upper()}": mode for role in Role}
    with parts.temporary_database(postgres) as database:
        with demo_stack(database, replicas=2, amqp_uri=None, environment=modes, of_service=own.of_service) as stack:
            assert difference(log_of(stack.gateways)) == ""
            refused = [line for process in stack.processes.values() for line in process.log.read_text().splitlines()]
            assert [line for line in refused if "ACCESS_REFUSED" in line] == []
            with ClusterRpcProxy(
                {"AMQP_URI": own.uri(SYSTEMS), "rpc_exchange": SYSTEMS_RPC_EXCHANGE}, timeout=20
            ) as rpc:
                assert rpc.users.authenticate("12qw")["name"] == "Alice"
