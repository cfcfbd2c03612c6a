"""What every ``Broker`` does. A test module runs it by importing all of it and giving the fixture ``connect``."""

from tests.broker_contract.connections import *  # noqa: F403
from tests.broker_contract.consuming import *  # noqa: F403
from tests.broker_contract.delivery_limit import *  # noqa: F403
from tests.broker_contract.endpoints import *  # noqa: F403
from tests.broker_contract.publishing import *  # noqa: F403
