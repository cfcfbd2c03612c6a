"""TLS to RabbitMQ: an ``amqps://`` address is only talked to when its certificate proves who it is."""

import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit


def connection_arguments(uri: str) -> dict[str, Any]:
    """What Kombu needs to connect to ``uri``: ``hostname``, and ``ssl``.

    Over ``amqps://`` the certificate has to be valid for the host's name. Whoever issued it is named by
    ``?cacertfile=/path``, as https://www.rabbitmq.com/docs/uri-query-parameters has it, or is known to the system.
    Left alone, py-amqp would take any name.
    """
    parts = urlsplit(uri)
    without_query = urlunsplit(parts._replace(query=""))
    if parts.scheme != "amqps":
        return {"hostname": without_query}
    authority = parse_qs(parts.query).get("cacertfile", [None])[-1]
    return {
        "hostname": without_query,
        "ssl": {
            "server_hostname": parts.hostname,
            "cert_reqs": ssl.CERT_REQUIRED,
            "ca_certs": authority,
            "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
        },
    }
