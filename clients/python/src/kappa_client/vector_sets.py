"""A vector set: waited for, searched, and what it says of a dataset as lists without pages."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from typing import Any

from .embeddings import bytes_of
from .http import Http, path_of
from .waiting import wait_for

ENDS = ("succeeded", "failed", "cancelled")
PAGE = 100


class VectorSets:
    def __init__(self, http: Http) -> None:
        self._http = http

    def wait(self, vector_set: str, *, timeout: float | None = None) -> dict[str, Any]:
        """However it ends: succeeded, failed or cancelled. Raises TimeoutError."""
        return wait_for(self._http, path_of("vector-sets", vector_set), ENDS, timeout=timeout)

    def search(
        self,
        vector_set: str,
        *,
        image: bytes | str | os.PathLike[str] | None = None,
        vector: Sequence[float] | None = None,
        index: int | None = None,
        prototype: int | None = None,
        top_k: int = 10,
        min_similarity: float | None = None,
        labels: Sequence[str] | None = None,
        prototypes: Sequence[int] | None = None,
    ) -> dict[str, Any]:
        """The nearest images, to one of: an image (bytes or a path), a vector, an image of the set, a prototype."""
        sought = {
            "input": None if image is None else base64.b64encode(bytes_of(image)).decode(),
            "vector": None if vector is None else list(vector),
            "index": index,
            "prototype": prototype,
        }
        given = {name: value for name, value in sought.items() if value is not None}
        if len(given) != 1:
            raise ValueError("one of image, vector, index and prototype is looked for")
        meant = {"labels": labels, "prototypes": prototypes}
        filters = {name: list(values) for name, values in meant.items() if values is not None}
        body: dict[str, Any] = {**given, "top_k": top_k}
        if min_similarity is not None:
            body["min_similarity"] = min_similarity
        if filters:
            body["filter"] = filters
        return self._http.request("POST", f"{path_of('vector-sets', vector_set)}:search", json=body).json()

    def duplicates(self, vector_set: str, *, min_similarity: float | None = None) -> Iterator[dict[str, Any]]:
        """Pairs whose cosine is as much or more (0.95), in the order of the images."""
        return self._each(path_of("vector-sets", vector_set, "duplicates"), min_similarity=min_similarity)

    def outliers(self, vector_set: str) -> Iterator[dict[str, Any]]:
        """Those that the model knows least first."""
        return self._each(path_of("vector-sets", vector_set, "outliers"))

    def proposed_labels(
        self, vector_set: str, *, source: str | None = None, neighbors: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Of images without a label, by the vote of the nearest with one: of this set, or of the set `source`."""
        path = path_of("vector-sets", vector_set, "proposed-labels")
        return self._each(path, **{"from": source, "neighbors": neighbors})

    def _each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        asked = {"limit": PAGE, **{name: value for name, value in query.items() if value is not None}}
        while True:
            page = self._http.request("GET", path, params=asked).json()
            yield from page["data"]
            if not page["has_more"]:
                return
            asked["after"] = page["next_cursor"]  # a page may be empty and have more behind it
