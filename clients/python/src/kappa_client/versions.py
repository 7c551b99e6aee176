"""Versions of datasets: waited for, and made of images that a vector set knows."""

from __future__ import annotations

import uuid
from typing import Any

from .http import Http, path_of
from .waiting import wait_for

ENDS = ("ready", "failed", "cancelled")


class Versions:
    def __init__(self, http: Http) -> None:
        self._http = http

    def wait(self, dataset: str, version: int, *, timeout: float | None = None) -> dict[str, Any]:
        """However it ends: ready, failed or cancelled. Raises TimeoutError."""
        return wait_for(self._http, path_of("datasets", dataset, "versions", version), ENDS, timeout=timeout)

    def select(self, dataset: str, strategy: str, **fields: Any) -> dict[str, Any]:
        """A version of chosen images, as it is queued: `wait` waits for it. `fields` are those of the strategy:
        vector_set, count, seed, max_similarity, labels; version and indices of `indices`."""
        path = f"{path_of('datasets', dataset)}:select"
        once = {"idempotency-key": uuid.uuid4().hex}
        return self._http.request("POST", path, headers=once, json={"strategy": strategy, **fields}).json()
