"""Where a model looks in an image, and which of its patches are like a prototype: as numbers, or as pictures."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import Any

import httpx

from .embeddings import bytes_of
from .http import Http, path_of


@dataclass(frozen=True)
class Picture:
    """`range` is what the first and the last colour stand for, `prototype` whose heat map it is."""

    png: bytes
    range: tuple[float, float]
    prototype: int | None


class Maps:
    """`options` are fields of the routes: image_size; head, or prototype and value of heat; draw of pictures."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def attention(self, model: str, image: bytes | str | os.PathLike[str], **options: Any) -> dict[str, Any]:
        return self._ask(model, "attention-maps", image, {**options, "format": "json"}).json()

    def attention_picture(self, model: str, image: bytes | str | os.PathLike[str], **options: Any) -> Picture:
        return _picture(self._ask(model, "attention-maps", image, options))

    def heat(self, model: str, image: bytes | str | os.PathLike[str], **options: Any) -> dict[str, Any]:
        return self._ask(model, "heat-maps", image, {**options, "format": "json"}).json()

    def heat_picture(self, model: str, image: bytes | str | os.PathLike[str], **options: Any) -> Picture:
        return _picture(self._ask(model, "heat-maps", image, options))

    def _ask(
        self, model: str, kind: str, image: bytes | str | os.PathLike[str], options: dict[str, Any]
    ) -> httpx.Response:
        body = {"input": base64.b64encode(bytes_of(image)).decode(), **options}
        return self._http.request("POST", path_of("models", model, kind), json=body)


def _picture(response: httpx.Response) -> Picture:
    low, _, high = response.headers["kappa-range"].partition(",")
    prototype = response.headers.get("kappa-prototype")
    return Picture(response.content, (float(low), float(high)), None if prototype is None else int(prototype))
