"""A larger set of samples, made through the HTTP interface alone, as an Admin would make it.

By hand, for the demo: ``python tests/create_data_by_adminapi.py --token 12qw --name Alice --customers 50``
"""

import argparse
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import requests
from tqdm import tqdm

WAIT_SECONDS = 30
LEVELS = (1, 1, 1, 2, 2, 3)
CURRENCIES = ("USD", "USD", "EUR", "GBP", "TWD")
FIRST_NAMES = (
    "Ada",
    "Grace",
    "Katherine",
    "Alan",
    "Hedy",
    "Edsger",
    "Barbara",
    "Tim",
    "Margaret",
    "Donald",
    "美玲",
    "José",
)
LAST_NAMES = ("Byron", "Murray", "Coleman", "Mathison", "Kiesler", "Wybe", "Jane", "Berners", "Heafield", "Ervin", "林")
PAPERS = ("Passport, page 2", "Driving licence, both sides", "Electricity bill", "Bank statement", "Payslip of October")
PROBLEMS = (
    "Where is my transfer?",
    "How do I change my address?",
    "Why was my document rejected?",
    "I sent money to the wrong account.",
    "Please close my account.",
)

Request = tuple[str, dict[str, Any]]


class SamplesError(Exception):
    """The server refused something; the message says what and why."""


def create_samples_v1(
    base_url: str,
    token: str,
    *,
    name: str | None = None,
    customers: int = 20,
    items_per_customer: int = 3,
    seed: int = 1,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Create customers, and documents, transfers and inquiries of each; answers the new ids by type.

    token:              an Admin's
    name:               log in by this name first; None: a session is open
    items_per_customer: of each of the three types
    seed:               the same seed makes the same samples

    Raises ``SamplesError``, and ``requests.RequestException`` when nothing answers.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    session.headers["Prefer"] = f"wait={WAIT_SECONDS}"
    if name is not None:
        _do(session, base_url, ("login", {"name": name}))
    chance = random.Random(seed)
    created: dict[str, list[int]] = {"customer": [], "document": [], "transfer": [], "inquiry": []}
    total = customers * (1 + 3 * items_per_customer)
    with tqdm(total=total, unit="task", disable=not progress) as bar:
        for _ in range(customers):
            customer = _do(session, base_url, ("create_customer", {"name": _name(chance)}))["customer"]
            created["customer"].append(customer["id"])
            bar.update()
            for request in _items(chance, customer["id"], items_per_customer):
                ((kind, item),) = _do(session, base_url, request).items()
                created[kind].append(item["id"])
                bar.update()
    return created


def _name(chance: random.Random) -> str:
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"


def _items(chance: random.Random, cid: int, count: int) -> Iterator[Request]:
    for _ in range(count):
        level = chance.choice(LEVELS)
        amount = f"{chance.randint(1, 9_999)}.{chance.randint(0, 99):02}"
        currency = chance.choice(CURRENCIES)
        yield "create_document", {"cid": cid, "content": chance.choice(PAPERS), "level": level}
        yield "create_transfer", {"cid": cid, "amount": amount, "currency": currency, "level": level}
        yield "create_inquiry", {"cid": cid, "problem": chance.choice(PROBLEMS), "level": level}


def _do(session: requests.Session, base_url: str, request: Request) -> dict[str, Any]:
    """Submit a task, wait for its outcome and answer its result."""
    action, data = request
    url = f"{base_url.rstrip('/')}/api/v1"
    answer = session.post(url, json={"task": {"action": action, "data": data}}, timeout=WAIT_SECONDS + 10)
    body = answer.json()
    if not answer.ok:
        raise SamplesError(f"{action}: {body['detail']} ({body['code']})")
    task = body["task"]
    if task["status"] != "succeeded":
        error = task["error"] or {"message": f"no outcome within {WAIT_SECONDS} seconds", "code": task["status"]}
        raise SamplesError(f"{action}: {error['message']} ({error['code']})")
    result: dict[str, Any] = task["result"]
    return result


def main() -> int:
    """Exit code 1 when something was refused or nothing answers."""
    parser = argparse.ArgumentParser(
        description="Create customers with documents, transfers and inquiries through the HTTP interface.",
        epilog="example: python tests/create_data_by_adminapi.py --token 12qw --name Alice --customers 50",
    )
    parser.add_argument("--url", default="http://127.0.0.1:5000", help="default: %(default)s")
    parser.add_argument("--token", default=os.environ.get("BACKOFFICE_TOKEN"), help="an Admin's (BACKOFFICE_TOKEN)")
    parser.add_argument("--name", default=os.environ.get("BACKOFFICE_NAME"), help="log in first by this name")
    parser.add_argument("--customers", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--items", type=int, default=3, help="of each type and customer; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same samples")
    options = parser.parse_args()
    if not options.token:
        parser.error("no token: pass --token or set BACKOFFICE_TOKEN")
    try:
        created = create_samples_v1(
            options.url,
            options.token,
            name=options.name,
            customers=options.customers,
            items_per_customer=options.items,
            seed=options.seed,
        )
    except (SamplesError, requests.RequestException) as error:
        print(error if isinstance(error, SamplesError) else f"nothing answers at {options.url}", file=sys.stderr)
        return 1
    print(", ".join(f"{len(ids)} of {kind}" for kind, ids in created.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
