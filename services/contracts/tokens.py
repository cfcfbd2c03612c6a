"""Access tokens: made with 256 random bits, shown once, kept and compared as a hash only."""

import hashlib
import re
import secrets
import string

LEAST_CHARACTERS = 22
"""Of a strong token: 22 random characters of the alphabet below hold 128 bits."""

DEMO_TOKENS = ("12qw", "34er", "56ty", "78ui", "90op")
"""The tokens of the demo's operators, in their order. They work in a demo database only."""

_STRONG = re.compile(rf"[A-Za-z0-9_-]{{{LEAST_CHARACTERS},}}")
_WEAK = "weak:"


def new_token() -> str:
    """A new token of 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex, as it is stored. No salt or stretching: a token has too many random bits to be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def presented_hash(token: str) -> str:
    """Return the hash by which the services look up a token that somebody presents.

    That of a weak token is marked, because a hash does not show how weak its token is. No stored hash has the mark, so
    a service that does not know it finds nobody.
    """
    digest = token_hash(token)
    return digest if _STRONG.fullmatch(token) else _WEAK + digest


def unmarked(presented: str) -> tuple[str, bool]:
    """Return the stored form of what ``presented_hash`` returned, and whether its token is weak."""
    return presented.removeprefix(_WEAK), presented.startswith(_WEAK)


WELL_KNOWN_HASHES = frozenset(map(token_hash, ("", *string.printable, *DEMO_TOKENS)))
"""Hashes of tokens that anybody would try first."""
