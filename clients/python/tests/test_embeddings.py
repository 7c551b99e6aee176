import base64
import json
import struct
import tempfile
import unittest
from pathlib import Path

import httpx

from kappa_client import Problem

from .stand_in import StandIn, refuses, says


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

    def test_what_vectors_are_of_and_come_in_is_asked_for_and_read_as_it_comes(self):
        asked = {"output": "mean_patch", "image_size": 96, "precision": "int8"}
        for dtype, data, vector in (
            ("int8", b"\x7f\x81", [127, -127]),
            ("uint8", b"\x7f\x81", [127, 129]),
            ("binary", b"\x81", [129]),
            ("float16", struct.pack("<2e", 0.5, -2), [0.5, -2.0]),
        ):
            with self.subTest(dtype):
                embedding = base64.b64encode(data).decode()
                server = StandIn([says(200, {"data": [{"index": 0, "embedding": embedding}]})])
                vectors = list(server.kappa().embeddings.create("m", [image(1)], output_dtype=dtype, **asked))
                self.assertEqual(vectors, [vector])
                sent = server.sent(0)
                self.assertEqual({name: sent[name] for name in asked}, asked)
                self.assertEqual(sent["output_dtype"], dtype)

    def test_patches_are_read_of_fewer_images_where_the_server_answers_no_more_at_once(self):
        def file(shape, *values):
            content = b"\x93NUMPY" + b" " * 10 + struct.pack(f"<{len(values)}f", *values)
            return lambda _: httpx.Response(200, content=content, headers={"kappa-shape": shape} if shape else {})

        server = StandIn([refuses(422, "answer_too_large"), file("1,1,2,2", 1, 2, 3, 4), file("1,1,2,2", 5, 6, 7, 8)])
        first, second = server.kappa().embeddings.patches("m", [image(1), image(2)], image_size=32)
        self.assertEqual((first.rows, first.columns, first.dimensions, list(second.values)), (1, 2, 2, [5, 6, 7, 8]))
        self.assertEqual((server.sent(0)["output"], server.sent(0)["image_size"]), ("patches", 32))
        for shape in ("2,1,2,2", "1,1,2", "1,0,2,2", "1,1,9,9", "x", None):
            with self.subTest(shape), self.assertRaisesRegex(ValueError, "the patches of 1 images"):
                list(StandIn([file(shape, 1, 2, 3, 4)]).kappa().embeddings.patches("m", [image(1)]))
