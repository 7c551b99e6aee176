"""A server that answers from a list, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from kappa_client import Kappa

Answer = Callable[[httpx.Request], httpx.Response]


def says(status: int, body: Any = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, json=body, headers=named)


def refuses(status: int, code: str, *, errors: Any = None, **headers: str) -> Answer:
    return says(status, {"code": code, "detail": code, "errors": errors or []}, **headers)


def breaks(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there", request=request)


class StandIn:
    """Each answer is given once, in order; one more request than answers is a failure of the test."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        assert self.answers, f"{request.method} {request.url} was not expected"
        return self.answers.pop(0)(request)

    def kappa(self) -> Kappa:
        client = httpx.Client(transport=httpx.MockTransport(self.handle))
        return Kappa("http://kappa.test/", "kappa_key", client=client, sleep=self.slept.append)

    def sent(self, number: int) -> Any:
        return json.loads(self.requests[number].content)
