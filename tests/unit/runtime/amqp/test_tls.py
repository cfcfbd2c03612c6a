"""How an address of RabbitMQ is read."""

import ssl

from services.runtime.amqp.tls import connection_arguments


def test_a_plain_address_is_taken_as_it_is() -> None:
    uri = "amqp://guest:gu%2Fest@127.0.0.1:5672/%2Fstaff"
    assert connection_arguments(uri) == {"hostname": uri}


def test_a_secured_one_is_checked_for_its_name_with_the_issuers_that_it_names() -> None:
    arguments = connection_arguments("amqps://info:secret@broker.example/staff?cacertfile=/run/secrets/ca.pem")
    assert arguments["hostname"] == "amqps://info:secret@broker.example/staff"
    assert arguments["ssl"]["server_hostname"] == "broker.example"
    assert arguments["ssl"]["ca_certs"] == "/run/secrets/ca.pem"
    assert arguments["ssl"]["cert_reqs"] is ssl.CERT_REQUIRED


def test_without_issuers_of_its_own_it_is_checked_with_those_of_the_system() -> None:
    arguments = connection_arguments("amqps://broker.example//")["ssl"]
    assert arguments["ca_certs"] is None
    assert arguments["cert_reqs"] is ssl.CERT_REQUIRED
