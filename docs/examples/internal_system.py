"""An internal system that uses the back office over RabbitMQ, with nothing but Nameko's own client.

Usage: AMQP_URI=amqp://user:password@host:5672/vhost python docs/examples/internal_system.py
The services have to run on that RabbitMQ with the demo data: `backoffice up --demo --amqp-uri amqp://…`. Needs nameko.
"""

import json
import os
import sys
from typing import Any

from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy


def main() -> None:
    """Authenticate, run a task to its end, submit one without waiting, and meet a refusal."""
    if "AMQP_URI" not in os.environ:
        sys.exit("Set AMQP_URI to the RabbitMQ that the services use.")
    token = os.environ.get("TOKEN", "12qw")
    # The timeout is the client's own; it has to be longer than what run is asked to wait.
    config = {"AMQP_URI": os.environ["AMQP_URI"]}
    if "RPC_EXCHANGE" in os.environ:  # amq.topic, for a broker user that is limited to what other systems may do
        config["rpc_exchange"] = os.environ["RPC_EXCHANGE"]
    with ClusterRpcProxy(config, timeout=30) as rpc:
        operator = rpc.users.authenticate(token)
        print("the token belongs to", operator["name"], "of role", operator["role"])
        if not operator["logged_in"]:
            rpc.tasks.run(token, "login", {"name": operator["name"]})

        print("may approve transfers:", rpc.users.permitted(operator["id"], "review_transfer"))
        show(rpc.tasks.run(token, "create_customer", {"name": "Grace Hopper"}, timeout=10))

        # Amounts are strings here, as in the answers.
        transfer = {"cid": 1, "amount": "250.00", "level": 2}
        submitted = rpc.tasks.submit(token, "create_transfer", transfer, idempotency_key=f"invoice-{os.getpid()}")
        print("submitted", submitted["id"])
        show(rpc.tasks.get(token, submitted["id"]))

        try:
            rpc.tasks.run(token, "review_transfer", {"id": 1, "approved": True})
        except RemoteError as error:
            # Refusals come as exc_type "Refusal" with the error code as their value.
            print("refused, as it should be:", error.exc_type, error.value)

        print("waiting for Compliance of level 2:", rpc.info.pending("Compliance", 2))


def show(task: dict[str, Any]) -> None:
    """Print a task: finished, or accepted and still on its way."""
    print(task["action"], task["status"], json.dumps(task.get("result") or task.get("error")))


if __name__ == "__main__":
    main()
