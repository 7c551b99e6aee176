"""Asked again until it has ended, with an ETag, which costs the server next to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from .http import Http

FIRST_POLL_S = 1.0
LONGEST_POLL_S = 15.0


def wait_for(
    http: Http,
    path: str,
    ends: Collection[str],
    *,
    timeout: float | None,
    now: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Returned however it ended. 429 and 503 are waited out as Retry-After says. Raises TimeoutError."""
    began, pause, etag, state = now(), FIRST_POLL_S, None, {}
    while True:
        response = http.request("GET", path, headers={"if-none-match": etag} if etag is not None else None)
        if response.status_code != 304:
            etag, state = response.headers.get("etag"), response.json()
        if state["status"] in ends:
            return state
        left = float("inf") if timeout is None else began + timeout - now()
        if left <= 0:
            raise TimeoutError(f"{path.rsplit('/v1/', 1)[-1]} is {state['status']} after {timeout} s")
        http.sleep(min(pause, left))
        pause = min(LONGEST_POLL_S, pause * 1.5)
