import base64
import json
import struct
import tempfile
import unittest
from pathlib import Path

import httpx

from kappa_client import Problem

from .stand_in import StandIn, refuses


def embeds(request: httpx.Request) -> httpx.Response:
    """Of each image its length, in an order that is not that of the images."""
    body = json.loads(request.content)
    data = [
        {"index": i, "embedding": base64.b64encode(struct.pack("<2f", len(base64.b64decode(one)), 0.5)).decode()}
        for i, one in enumerate(body["input"])
    ]
    return httpx.Response(200, json={"data": data[::-1]})


def image(size: int) -> bytes:
    return b"x" * size


class EmbeddingsTest(unittest.TestCase):
    def test_batches_keep_the_order_and_read_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.png"
            path.write_bytes(image(3))
            server = StandIn([embeds, embeds])
            images = [image(1), image(2), path]
            vectors = list(server.kappa().embeddings.create("shoes@prod", iter(images), batch=2, dimensions=2))
        self.assertEqual(vectors, [[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]])
        self.assertEqual([len(server.sent(i)["input"]) for i in (0, 1)], [2, 1])
        self.assertEqual(server.sent(0)["dimensions"], 2)
        self.assertEqual(server.sent(0)["encoding_format"], "base64")

    def test_retry_after_is_waited_and_the_same_batch_sent_again(self):
        server = StandIn([refuses(429, "project_rate_limited", retry_after="12"), embeds])
        self.assertEqual(list(server.kappa().embeddings.create("m", [image(1)])), [[1.0, 0.5]])
        self.assertEqual(server.slept, [12.0])
        self.assertEqual(server.sent(0), server.sent(1))

    def test_a_batch_that_is_too_large_is_halved_and_one_image_that_is_raises(self):
        too_many = refuses(400, "invalid_request", errors=[{"pointer": "/input", "detail": "must hold 1 to 2 images"}])
        server = StandIn([too_many, embeds, refuses(413, "body_too_large"), embeds, embeds])
        vectors = list(server.kappa().embeddings.create("m", [image(n) for n in (1, 2, 3, 4)]))
        self.assertEqual([vector[0] for vector in vectors], [1, 2, 3, 4])
        with self.assertRaises(Problem):
            list(StandIn([refuses(413, "body_too_large")]).kappa().embeddings.create("m", [image(1)]))

    def test_an_image_that_is_none_is_raised_and_not_halved(self):
        bad = refuses(400, "image_invalid", errors=[{"pointer": "/input/1", "detail": "is no image"}])
        server = StandIn([bad])
        with self.assertRaises(Problem) as caught:
            list(server.kappa().embeddings.create("m", [image(1), image(2)]))
        self.assertIn("/input/1 is no image", str(caught.exception))

    def test_no_image_asks_nothing(self):
        self.assertEqual(list(StandIn([]).kappa().embeddings.create("m", [])), [])
