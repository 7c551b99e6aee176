"""Vectors of any number of images, in batches that the API takes."""

from __future__ import annotations

import base64
import os
import sys
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .http import Http, Problem

BATCH = 64
# Of a request, before base64 makes it a third longer: half of what the API takes unless its operator says otherwise.
BATCH_BYTES = 24 * 1024 * 1024
TOO_LARGE = ("body_too_large", "images_too_large")


def _bytes_of(image: bytes | str | os.PathLike[str]) -> bytes:
    return image if isinstance(image, bytes) else Path(image).read_bytes()


def _vector(text: str) -> list[float]:
    numbers = array("f", base64.b64decode(text))
    if sys.byteorder == "big":
        numbers.byteswap()  # the API sends little-endian
    return numbers.tolist()


class Embeddings:
    def __init__(self, http: Http) -> None:
        self._http = http

    def create(
        self,
        model: str,
        images: Iterable[bytes | str | os.PathLike[str]],
        *,
        batch: int = BATCH,
        dimensions: int | None = None,
    ) -> Iterator[list[float]]:
        """Unit vectors in the order of the images, which are bytes or paths and are read as they are needed.

        429 and 503 are waited out as Retry-After says; a batch that is too large for the server is cut in halves.
        """
        if batch < 1:
            raise ValueError(f"batch must be 1 or more, not {batch}")
        for group in _batches(images, batch):
            yield from self._embed(model, group, dimensions)

    def _embed(self, model: str, group: list[bytes], dimensions: int | None) -> Iterator[list[float]]:
        body: dict[str, Any] = {
            "model": model,
            "input": [base64.b64encode(one).decode() for one in group],
            "encoding_format": "base64",
        }
        if dimensions is not None:
            body["dimensions"] = dimensions
        try:
            answer = self._http.request("POST", "/v1/embeddings", json=body).json()
        except Problem as problem:
            too_many = problem.code in TOO_LARGE or (problem.code == "invalid_request" and _names_input(problem))
            if len(group) == 1 or not too_many:
                raise
            half = len(group) // 2
            yield from self._embed(model, group[:half], dimensions)
            yield from self._embed(model, group[half:], dimensions)
            return
        found = sorted(answer["data"], key=lambda entry: entry["index"])
        if [one["index"] for one in found] != list(range(len(group))):
            raise ValueError(f"the server does not answer with one vector for each of {len(group)} images")
        for one in found:
            yield _vector(one["embedding"])


def _names_input(problem: Problem) -> bool:
    """More images than a request may have: told of the list itself, and not of one of its images."""
    return any(one.get("pointer") == "/input" for one in problem.errors)


def _batches(images: Iterable[bytes | str | os.PathLike[str]], most: int) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for one in images:
        image = _bytes_of(one)
        if group and (len(group) >= most or size + len(image) > BATCH_BYTES):
            yield group
            group, size = [], 0
        group.append(image)
        size += len(image)
    if group:
        yield group
