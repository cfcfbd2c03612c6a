"""Idempotency keys: their form, and how a repeated task is told from another one."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

_KEY = re.compile(r"[!-~]{1,255}")


def is_key(text: object) -> bool:
    """Whether it has the form of a key: 1 to 255 visible ASCII characters."""
    return isinstance(text, str) and _KEY.fullmatch(text) is not None


def fingerprint(action: str, data: Mapping[str, Any]) -> str:
    """SHA-256 in hex of what is asked; the same key may only come with the same fingerprint.

    data: canonical (``services.contracts.action.canonical``), so that ``250`` and ``"250.00"`` are one amount
    """
    asked = json.dumps([action, dict(data)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(asked.encode("ascii")).hexdigest()
