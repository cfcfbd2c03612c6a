"""Access tokens: made with 256 random bits, shown once, kept and compared as a hash only."""

import hashlib
import secrets


def new_token() -> str:
    """A new token of 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex. No salt or stretching: a token has too many random bits to be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
