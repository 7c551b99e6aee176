"""A run, waited for or followed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from .http import MOST_PROBLEM_BYTES, Http, Problem, TooLarge, path_of, pause_before, problem_of, read_bounded
from .waiting import wait_for

ENDS = ("succeeded", "failed", "cancelled")
# The API comments every 15 s: three of them missing is a dead connection that nobody told us about.
SILENCE_S = 45.0


# Of an event, and of each of its lines: the API's have some kilobytes.
MOST_EVENT_BYTES = 4 * 1024 * 1024


def lines_of(response: httpx.Response) -> Iterator[str]:
    rest = b""
    for chunk in response.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MOST_EVENT_BYTES:
            raise TooLarge("the event stream has a line without an end")
        for line in lines:
            yield line.removesuffix(b"\r").decode()


class RunFailed(Exception):
    """A run that was waited for has ended otherwise than by success; `run` has why."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.run = run
        error = run.get("error") or {}
        reason = f"{error.get('code')}: {error.get('message')}" if error else run.get("status_reason")
        super().__init__(f"run {run['id']} {run['status']}" + (f": {reason}" if reason else ""))


class Runs:
    def __init__(self, http: Http, now: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._now = now

    def get(self, run: str) -> dict[str, Any]:
        return self._http.request("GET", path_of("runs", run)).json()

    def wait(self, run: str, *, timeout: float | None = None, check: bool = True) -> dict[str, Any]:
        """Until it has ended; polls with its ETag, which costs the server next to nothing.

        Raises RunFailed unless it succeeds (with `check=False` it is returned however it ended), TimeoutError.
        """
        state = wait_for(self._http, path_of("runs", run), ENDS, timeout=timeout, now=self._now)
        if check and state["status"] != "succeeded":
            raise RunFailed(state)
        return state

    def stream(self, run: str, *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Its events from behind number `after` on, then live, until it has ended.

        Reconnects by itself: none is lost, and none comes twice.
        """
        attempt = 0
        while True:
            problem = None
            has_come = False
            try:
                for event in self._connection(run, after):
                    attempt, after, has_come = 0, event["seq"], True
                    yield event
                # A stream is closed when the run has ended, and also when the server is shut down: only where nothing
                # comes behind the last event is nothing left.
                if self.get(run)["status"] in ENDS:
                    if not has_come:
                        return
                    continue
            except httpx.TransportError:
                pass  # connected again below, as long as it takes: a run takes days
            except Problem as refused:
                if not refused.is_passing:
                    raise
                problem = refused
            attempt += 1
            self._http.sleep(pause_before(attempt, problem))

    def _connection(self, run: str, after: int) -> Iterator[dict[str, Any]]:
        headers = self._http.headers({"accept": "text/event-stream", "last-event-id": str(after)})
        url = f"{self._http.base_url}{path_of('runs', run, 'events')}"
        timeout = httpx.Timeout(SILENCE_S)
        with self._http.client.stream("GET", url, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                raise problem_of(read_bounded(response, MOST_PROBLEM_BYTES))
            data: list[str] = []
            for line in lines_of(response):
                if line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                    if sum(map(len, data)) > MOST_EVENT_BYTES:
                        raise TooLarge("the event stream has an event without an end")
                elif line == "" and data:
                    yield json.loads("\n".join(data))
                    data = []
