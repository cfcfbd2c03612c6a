"""``backoffice openapi``, ``asyncapi`` and ``postman``: the documents of the interfaces."""

import json

import click

from services.cli import output
from services.cli.program import examples


@click.command(epilog=examples("backoffice openapi > openapi.json"))
def openapi() -> None:
    """Print the OpenAPI document of the HTTP interface."""
    from services.gateway.openapi import openapi_document

    _print(openapi_document())


@click.command(epilog=examples("backoffice asyncapi > asyncapi.json"))
def asyncapi() -> None:
    """Print the AsyncAPI document of the events."""
    from services.gateway.asyncapi import asyncapi_document

    _print(asyncapi_document())


@click.command(epilog=examples("backoffice postman > postman.json"))
def postman() -> None:
    """Print a Postman collection with a request for every action."""
    from services.gateway.postman import postman_collection

    _print(postman_collection())


def _print(document: object) -> None:
    output.show(json.dumps(document, indent=2, ensure_ascii=False))
