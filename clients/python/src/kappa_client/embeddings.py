"""Vectors of any number of images, in batches that the API takes."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .http import Http, Problem, path_of
from .vectors import Patches, patches_of, vector_of

BATCH = 64
# Of a request, before base64 makes it a third longer: half of what the API takes unless its operator says otherwise.
BATCH_BYTES = 24 * 1024 * 1024
TOO_LARGE = ("body_too_large", "images_too_large", "answer_too_large")

T = TypeVar("T")


def bytes_of(image: bytes | str | os.PathLike[str]) -> bytes:
    return image if isinstance(image, bytes) else Path(image).read_bytes()


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
        output: str | None = None,
        image_size: int | None = None,
        precision: str | None = None,
        output_dtype: str | None = None,
    ) -> Iterator[list[float]]:
        """Vectors in the order of the images, which are bytes or paths and are read as they are needed.

        `output` is cls, bottleneck or mean_patch; `image_size` the pixels that the model sees; `precision` float32
        or int8; `output_dtype` float32, float16, int8, uint8 or binary, of which a number is a byte of eight.

        429 and 503 are waited out as Retry-After says; a batch that is too large for the server is cut in halves.
        """
        if batch < 1:
            raise ValueError(f"batch must be 1 or more, not {batch}")
        wanted = {
            "dimensions": dimensions,
            "output": output,
            "image_size": image_size,
            "precision": precision,
            "output_dtype": output_dtype,
        }
        asked = {"model": model, "encoding_format": "base64", **{k: v for k, v in wanted.items() if v is not None}}

        def embed(group: list[bytes]) -> list[list[float]]:
            body: dict[str, Any] = {**asked, "input": [base64.b64encode(one).decode() for one in group]}
            answer = self._http.request("POST", "/v1/embeddings", json=body).json()
            found = sorted(answer["data"], key=lambda entry: entry["index"])
            if [one["index"] for one in found] != list(range(len(group))):
                raise ValueError(f"the server does not answer with one vector for each of {len(group)} images")
            return [vector_of(one["embedding"], output_dtype or "float32") for one in found]

        for group in _batches(images, batch):
            yield from _halving(group, embed)

    def patches(
        self,
        model: str,
        images: Iterable[bytes | str | os.PathLike[str]],
        *,
        batch: int = BATCH,
        image_size: int | None = None,
    ) -> Iterator[Patches]:
        """The tokens of an image's patches, an image after the other: rows, columns, dimensions and their float32."""
        if batch < 1:
            raise ValueError(f"batch must be 1 or more, not {batch}")
        body: dict[str, Any] = {"output": "patches"}
        if image_size is not None:
            body["image_size"] = image_size

        def embed(group: list[bytes]) -> list[Patches]:
            sent = {**body, "input": [base64.b64encode(one).decode() for one in group]}
            answer = self._http.request("POST", path_of("models", model, "embeddings"), json=sent)
            return patches_of(answer.content, answer.headers.get("kappa-shape"), len(group))

        for group in _batches(images, batch):
            yield from _halving(group, embed)


def _halving(group: list[bytes], embed: Callable[[list[bytes]], list[T]]) -> Iterator[T]:
    """One request, or two of half as many images where the server takes or answers less at once."""
    try:
        found = embed(group)
    except Problem as problem:
        too_many = problem.code in TOO_LARGE or (problem.code == "invalid_request" and _names_input(problem))
        if len(group) == 1 or not too_many:
            raise
        half = len(group) // 2
        yield from _halving(group[:half], embed)
        yield from _halving(group[half:], embed)
        return
    yield from found


def _names_input(problem: Problem) -> bool:
    """More images than a request may have: told of the list itself, and not of one of its images."""
    return any(one.get("pointer") == "/input" for one in problem.errors)


def _batches(images: Iterable[bytes | str | os.PathLike[str]], most: int) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for one in images:
        image = bytes_of(one)
        if group and (len(group) >= most or size + len(image) > BATCH_BYTES):
            yield group
            group, size = [], 0
        group.append(image)
        size += len(image)
    if group:
        yield group
