"""A file into a dataset, in parts that go straight to the object store, and that need not go twice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .http import Http, Problem, path_of

# What is left of an upload's day when it is rather begun anew.
TOO_LATE = timedelta(minutes=10)


class Uploads:
    def __init__(self, http: Http, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._http = http
        self._now = now

    def file(
        self,
        dataset: str,
        path: str | os.PathLike[str],
        *,
        state: str | os.PathLike[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Any]:
        """The completed upload.

        With `state`, a file that this writes and removes at the end, a call after a crash goes on. What was begun for
        another dataset, or for a file that has changed since, or has run out, is begun anew. `progress` is told bytes
        sent and bytes in all.
        """
        source = Path(path)
        about = source.stat()
        work = {"server": self._http.base_url, "dataset": dataset, "name": source.name}
        work |= {"bytes": about.st_size, "modified_ns": about.st_mtime_ns}
        memory = Path(state) if state is not None else None
        known = self._remembered(memory, work) or {**work, "upload": self._begin(work), "etags": {}}
        self._send(source, known, memory, progress)
        parts = [{"part": int(part), "etag": etag} for part, etag in known["etags"].items()]
        parts.sort(key=lambda one: one["part"])
        try:
            # Completing twice is the same answer, so it may be repeated.
            url = f"{path_of('datasets', dataset, 'uploads', known['upload']['id'])}:complete"
            completed = self._http.request("POST", url, json={"parts": parts}).json()
        except Problem:
            # What the store does not have would be refused again and again.
            _forget(memory)
            raise
        _forget(memory)
        return completed

    def _begin(self, work: dict[str, Any]) -> dict[str, Any]:
        # A try that was answered into the void is not a second upload.
        key = os.urandom(16).hex()
        body = {"filename": work["name"], "bytes": work["bytes"]}
        url = path_of("datasets", work["dataset"], "uploads")
        return self._http.request("POST", url, json=body, headers={"idempotency-key": key}).json()

    def _remembered(self, memory: Path | None, work: dict[str, Any]) -> dict[str, Any] | None:
        if memory is None or not memory.exists():
            return None
        try:
            known = json.loads(memory.read_text())
        except ValueError:
            return None
        if not isinstance(known, dict) or any(known.get(name) != value for name, value in work.items()):
            return None
        expires = datetime.fromisoformat(known["upload"]["expires_at"].replace("Z", "+00:00"))
        return known if expires - self._now() > TOO_LATE else None

    def _send(
        self,
        source: Path,
        known: dict[str, Any],
        memory: Path | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        size, step = known["bytes"], known["upload"]["part_bytes"]
        numbers = sorted(part["part"] for part in known["upload"]["parts"])
        if step < 1 or numbers != list(range(1, -(-size // step) + 1)):
            raise ValueError(f"the server answers with an upload of other parts than a file of {size} bytes has")
        _remember(memory, known)
        sent = 0
        with source.open("rb") as file:
            for part in known["upload"]["parts"]:
                begin = (part["part"] - 1) * step
                length = min(step, size - begin)
                if str(part["part"]) not in known["etags"]:
                    file.seek(begin)
                    known["etags"][str(part["part"])] = self._put(part["url"], file.read(length))
                    _remember(memory, known)
                sent += length
                if progress is not None:
                    progress(sent, size)

    def _put(self, url: str, chunk: bytes) -> str:
        """Without the key: the URL is signed, and may be another company's."""
        return self._http.patiently(lambda: self._http.send("PUT", url, content=chunk)).headers["etag"]


def _remember(memory: Path | None, known: dict[str, Any]) -> None:
    if memory is None:
        return
    draft = memory.with_name(f"{memory.name}.partial")
    # It has signed URLs: nobody else's to read. A file that is there keeps its rights, and a link leads elsewhere:
    # neither is written to.
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(known, file)
    draft.replace(memory)


def _forget(memory: Path | None) -> None:
    if memory is not None:
        memory.unlink(missing_ok=True)
