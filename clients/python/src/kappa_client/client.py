"""The door: a server, a key, and the helpers that share them."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .batches import Batches
from .embeddings import Embeddings
from .http import Http
from .maps import Maps
from .runs import Runs
from .uploads import Uploads
from .vector_sets import VectorSets
from .versions import Versions

if TYPE_CHECKING:
    from .generated import AuthenticatedClient


class Kappa:
    """`base_url` and `key` are KAPPA_URL and KAPPA_API_KEY of the environment unless they are given."""

    def __init__(self, base_url: str | None = None, key: str | None = None, **options: Any) -> None:
        base_url = base_url or os.environ.get("KAPPA_URL")
        key = key or os.environ.get("KAPPA_API_KEY")
        if not base_url or not key:
            raise ValueError(
                "where the server is and a key are needed: Kappa(url, key), or KAPPA_URL and KAPPA_API_KEY"
            )
        self._key = key
        self.http = Http(base_url, key, **options)
        self.runs = Runs(self.http)
        self.embeddings = Embeddings(self.http)
        self.uploads = Uploads(self.http)
        self.batches = Batches(self.http)
        self.vector_sets = VectorSets(self.http)
        self.versions = Versions(self.http)
        self.maps = Maps(self.http)

    @cached_property
    def api(self) -> AuthenticatedClient:
        """For the calls of kappa_client.generated.api."""
        from .generated import AuthenticatedClient  # written by generate.py

        return AuthenticatedClient(base_url=self.http.base_url, token=self._key)

    def close(self) -> None:
        self.http.client.close()

    def __enter__(self) -> Kappa:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
