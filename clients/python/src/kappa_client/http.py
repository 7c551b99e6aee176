"""Requests with a key: failures in the API's words, and patience where the API asks for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# Longer than the minute after which a project's rate comes back; who asks for more has refused.
LONGEST_WAIT_S = 90.0
# Ten times what the largest answers of the API have; what is parsed is in memory as a whole, several times over.
MOST_ANSWER_BYTES = 256 * 1024 * 1024
# Of a refusal, and of an object store's words.
MOST_PROBLEM_BYTES = 1024 * 1024
PASSING = (429, 502, 503, 504)


class Problem(Exception):
    """A failed request in the API's own words (RFC 9457). Decide by `code`, show `detail` to people."""

    def __init__(self, status: int, fields: dict[str, Any], retry_after: float | None, request_id: str | None) -> None:
        self.status = status
        self.code = str(fields.get("code") or f"http_{status}")
        self.detail = str(fields.get("detail") or fields.get("title") or f"The server answered with status {status}.")
        errors = fields.get("errors")
        self.errors: list[dict[str, Any]] = (
            [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
        )
        self.request_id = fields.get("request_id") or request_id
        self.retry_after = retry_after
        where = "".join(
            f"\n  {one.get('pointer') or one.get('parameter') or ''} {one.get('detail', '')}" for one in self.errors
        )
        super().__init__(f"{status} {self.code}: {self.detail}{where}")

    @property
    def is_passing(self) -> bool:
        """The same request may succeed later."""
        if self.retry_after is not None and self.retry_after > LONGEST_WAIT_S:
            return False
        return self.status in PASSING or self.code == "idempotency_in_progress"


def path_of(*parts: str | int) -> str:
    """A path of the API. Ids may come from elsewhere: `../keys` must not become another request with this key."""
    if any(str(part) in ("", ".", "..") for part in parts):
        raise ValueError("an id must not be empty, . or ..")
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


def problem_of(response: httpx.Response) -> Problem:
    try:
        body = response.json()
    except ValueError:
        body = None  # a proxy's page
    try:
        retry_after = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        retry_after = None  # none, or a date, which the API does not send
    if retry_after is not None and not 0 <= retry_after < math.inf:
        retry_after = None
    fields = body if isinstance(body, dict) else {}
    return Problem(response.status_code, fields, retry_after, response.headers.get("x-request-id"))


class TooLarge(ValueError):
    """An answer that is longer than any answer to this: it was not read to its end."""


def read_bounded(response: httpx.Response, most: int) -> httpx.Response:
    """The response that is being streamed, read as a whole unless it is too long. Counted after it was unpacked."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > most:
            raise TooLarge(f"the server answers with more than {most} bytes, which is no answer to this")
    # The same without what says how it was packed.
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in ("content-encoding", "content-length")]
    return httpx.Response(response.status_code, headers=headers, content=bytes(content), request=response.request)


def pause_before(attempt: int, problem: Problem | None = None) -> float:
    """Seconds before try number `attempt` (1, 2, …) is repeated: what the API asks for, else doubling."""
    if problem is not None and problem.retry_after is not None:
        return problem.retry_after
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))


class Http:
    """One connection pool. `client` is for tests, `sleep` too."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        tries: int = 8,
        timeout: float = 60.0,
        client: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.tries = tries
        self.sleep = sleep
        self.client = client or httpx.Client(timeout=timeout)
        self._headers = {"authorization": f"Bearer {key}", "accept": "application/json"}

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        return {**self._headers, **(more or {})}

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        """For requests that may be repeated: reads, computations, and those with an Idempotency-Key. Raises Problem."""
        send = self.headers(headers)
        return self.patiently(lambda: self.send(method, f"{self.base_url}{path}", headers=send, **rest))

    def send(self, method: str, url: str, **rest: Any) -> httpx.Response:
        with self.client.stream(method, url, **rest) as response:
            return read_bounded(response, MOST_ANSWER_BYTES if response.is_success else MOST_PROBLEM_BYTES)

    def patiently(self, ask: Callable[[], httpx.Response], *, repeatable: bool = True) -> httpx.Response:
        """Repeats while the failure is one that passes, `tries` times at most.

        Of what must not be carried out twice (`repeatable=False`) only what was refused, by 429, is asked again.
        """
        attempt = 0
        while True:
            attempt += 1
            problem = None
            try:
                response = ask()
                # 3xx too is none of the API's: whoever is led elsewhere by one would take the key along.
                if response.is_success or response.status_code == 304:
                    return response
                problem = problem_of(response)
                may_pass = problem.is_passing and (repeatable or problem.status == 429)
                if not may_pass or attempt >= self.tries:
                    raise problem
            except httpx.TransportError:
                if not repeatable or attempt >= self.tries:
                    raise
            self.sleep(pause_before(attempt, problem))
