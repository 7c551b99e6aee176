"""Messages of webhooks, verified by the Standard Webhooks specification. Standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_S = 300


class InvalidSignature(Exception):
    """The message is not Kappa's, was changed on its way, or is too old."""


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None, tolerance: float = TOLERANCE_S
) -> dict[str, Any]:
    """The event of a message. `body` is what came, before it is parsed. Raises InvalidSignature."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message, at, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        sent = int(at)
    except (KeyError, ValueError) as error:
        raise InvalidSignature(f"a header is missing or no number: {error}") from error
    if abs((time.time() if now is None else now) - sent) > tolerance:
        raise InvalidSignature(f"the message is of {at}, more than {tolerance} s from now")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(right).decode()}".encode()
    # Two of them for a day after a rotation of the secret.
    if not any(hmac.compare_digest(expected, one.encode()) for one in signatures.split(" ")):
        raise InvalidSignature("no signature is that of the secret")
    return json.loads(body)
