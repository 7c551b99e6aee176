"""A batch: its requests up, its end waited for, its answers read line by line."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .embeddings import bytes_of
from .http import MOST_PROBLEM_BYTES, Http, Problem, TooLarge, path_of, pause_before, problem_of, read_bounded
from .vectors import vector_of
from .waiting import wait_for

ENDS = ("completed", "failed", "expired", "cancelled")
# A file of requests is sent as a whole, and has five minutes to come.
UPLOAD_S = 300.0
# Of an answer: 2,048 vectors as numbers have a tenth of it.
MOST_LINE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Result:
    """Of one request: a vector for each of its images, or why there is none."""

    custom_id: str
    embeddings: list[list[float]] | None
    error: dict[str, Any] | None


def line(custom_id: str, model: str, images: Iterable[bytes | str | os.PathLike[str]], **options: Any) -> str:
    """One line of a file of requests. `options` are fields of POST /v1/embeddings: dimensions, output, output_dtype."""
    body = {
        "model": model,
        "input": [base64.b64encode(bytes_of(one)).decode() for one in images],
        "encoding_format": "base64",
        **options,
    }
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/embeddings", "body": body})


class Batches:
    def __init__(self, http: Http) -> None:
        self._http = http

    def upload(self, requests: bytes | str | os.PathLike[str]) -> dict[str, Any]:
        """JSONL, as bytes or as the path of a file, which is streamed."""
        send = self._http.headers()
        url = f"{self._http.base_url}/v1/files"

        def once() -> httpx.Response:
            with io.BytesIO(requests) if isinstance(requests, bytes) else Path(requests).open("rb") as source:
                files = {"file": ("requests.jsonl", source, "application/jsonl")}
                return self._http.send(
                    "POST", url, headers=send, data={"purpose": "batch"}, files=files, timeout=httpx.Timeout(UPLOAD_S)
                )

        # Sent again only where it was refused for now: of one whose answer was lost there is a file that nobody knows.
        return self._http.patiently(once, repeatable=False).json()

    def create(
        self,
        requests: bytes | str | os.PathLike[str],
        *,
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Uploads the requests and queues them. What is refused leaves no file behind."""
        file = self.upload(requests)
        body: dict[str, Any] = {
            "input_file_id": file["id"],
            "endpoint": "/v1/embeddings",
            "completion_window": completion_window,
        }
        if metadata is not None:
            body["metadata"] = dict(metadata)
        try:
            once = {"idempotency-key": uuid.uuid4().hex}
            return self._http.request("POST", "/v1/batches", headers=once, json=body).json()
        except Problem as problem:
            if 400 <= problem.status < 500:
                self._remove(file["id"])
            raise

    def _remove(self, file: str) -> None:
        with contextlib.suppress(Problem, httpx.TransportError):  # the refusal is what the caller is to hear of
            self._http.request("DELETE", path_of("files", file))

    def get(self, batch: str) -> dict[str, Any]:
        return self._http.request("GET", path_of("batches", batch)).json()

    def wait(self, batch: str, *, timeout: float | None = None) -> dict[str, Any]:
        """However it ends: completed, failed, expired or cancelled. Raises TimeoutError."""
        return wait_for(self._http, path_of("batches", batch), ENDS, timeout=timeout)

    def lines(self, file: str) -> Iterator[str]:
        """Of a file, as they come; where the connection breaks it is read again, and what was given is passed over."""
        given, attempt = 0, 0
        while True:
            before, problem = given, None
            try:
                for place, text in enumerate(self._connection(file)):
                    if place >= given:
                        given += 1
                        yield text
                return
            except httpx.TransportError:
                attempt = 1 if given > before else attempt + 1
                if attempt >= self._http.tries:
                    raise
            except Problem as refused:
                attempt = 1 if given > before else attempt + 1
                if not refused.is_passing or attempt >= self._http.tries:
                    raise
                problem = refused
            self._http.sleep(pause_before(attempt, problem))

    def _connection(self, file: str) -> Iterator[str]:
        url = f"{self._http.base_url}{path_of('files', file, 'content')}"
        headers = self._http.headers({"accept": "application/octet-stream"})
        with self._http.client.stream("GET", url, headers=headers) as response:
            if not response.is_success:
                raise problem_of(read_bounded(response, MOST_PROBLEM_BYTES))
            rest = bytearray()
            for chunk in response.iter_bytes():
                rest += chunk
                if b"\n" in chunk:
                    *lines, rest = rest.split(b"\n")
                    yield from (one.decode() for one in lines if one.strip())
                if len(rest) > MOST_LINE_BYTES:
                    raise TooLarge("the server answers with a line without an end")
            if rest.strip():
                yield rest.decode()

    def results(self, batch: Mapping[str, Any], *, output_dtype: str = "float32") -> Iterator[Result]:
        """Answers in the order of the requests, then what failed; of one that ended early, the lines that were reached.

        `batch` is what `wait` has returned, `output_dtype` what the requests asked for.
        """
        for file in (batch["output_file_id"], batch["error_file_id"]):
            if file is not None:
                for text in self.lines(file):
                    yield _result_of(json.loads(text), output_dtype)


def _result_of(answer: dict[str, Any], dtype: str) -> Result:
    response = answer.get("response")
    if response is not None and response["status_code"] == 200:
        data = sorted(response["body"]["data"], key=lambda one: one["index"])
        return Result(answer["custom_id"], [vector_of(one["embedding"], dtype) for one in data], None)
    error = answer.get("error") or response["body"].get("error") or response["body"]
    return Result(answer["custom_id"], None, error)
