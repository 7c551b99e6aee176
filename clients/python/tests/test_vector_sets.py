import unittest

import httpx

from .stand_in import StandIn, says


class Searching(unittest.TestCase):
    def test_is_for_an_image_a_vector_one_of_the_set_or_a_prototype(self):
        server = StandIn([says(200, {"data": []})] * 4)
        search = server.kappa().vector_sets.search
        search("vs_1", image=b"\x01\x02\x03", top_k=3, min_similarity=0.5, labels=("cats",))
        search("vs_1", vector=(1.0, 2.0))
        search("vs_1", index=0, prototypes=[7])
        search("vs_1", prototype=7)
        self.assertEqual(
            [server.sent(i) for i in range(4)],
            [
                {"input": "AQID", "top_k": 3, "min_similarity": 0.5, "filter": {"labels": ["cats"]}},
                {"vector": [1.0, 2.0], "top_k": 10},
                {"index": 0, "top_k": 10, "filter": {"prototypes": [7]}},
                {"prototype": 7, "top_k": 10},
            ],
        )
        self.assertEqual(server.requests[0].url.path, "/v1/vector-sets/vs_1:search")

    def test_is_for_one_of_them(self):
        for sought in ({}, {"index": 1, "prototype": 2}):
            with self.subTest(sought), self.assertRaisesRegex(ValueError, "one of image, vector, index and prototype"):
                StandIn([]).kappa().vector_sets.search("vs_1", **sought)


class Lists(unittest.TestCase):
    def test_go_on_behind_a_page_that_is_empty(self):
        pages = (([1], "a"), ([], "b"), ([2], None))
        server = StandIn([says(200, {"data": d, "has_more": n is not None, "next_cursor": n}) for d, n in pages])
        self.assertEqual(list(server.kappa().vector_sets.duplicates("vs_1", min_similarity=0.9)), [1, 2])
        self.assertEqual([dict(one.url.params).get("after") for one in server.requests], [None, "a", "b"])
        self.assertEqual(dict(server.requests[1].url.params)["min_similarity"], "0.9")


class Selecting(unittest.TestCase):
    def test_sends_what_it_is_told_and_waits_for_the_version(self):
        server = StandIn(
            [says(202, {"version": 2}), says(200, {"status": "ingesting"}), says(200, {"status": "ready"})]
        )
        kappa = server.kappa()
        made = kappa.versions.select("ds_1", "diverse", vector_set="vs_1", count=5)
        self.assertEqual(kappa.versions.wait("ds_1", made["version"])["status"], "ready")
        self.assertEqual(server.sent(0), {"strategy": "diverse", "vector_set": "vs_1", "count": 5})
        self.assertEqual(server.requests[0].url.path, "/v1/datasets/ds_1:select")
        self.assertTrue(server.requests[0].headers["idempotency-key"])


class Maps(unittest.TestCase):
    def test_are_numbers_or_pictures_with_what_their_colours_stand_for(self):
        headers = {"kappa-range": "-0.5,1", "kappa-prototype": "7"}
        server = StandIn([says(200, {"rows": 1}), lambda _: httpx.Response(200, content=b"png", headers=headers)])
        kappa = server.kappa()
        self.assertEqual(kappa.maps.attention("m", b"x", head=2), {"rows": 1})
        picture = kappa.maps.heat_picture("m", b"x", value="posterior")
        self.assertEqual((picture.png, picture.range, picture.prototype), (b"png", (-0.5, 1.0), 7))
        self.assertEqual(server.sent(0), {"input": "eA==", "head": 2, "format": "json"})
        self.assertEqual(server.sent(1), {"input": "eA==", "value": "posterior"})
