"""A server, an id and a folder that wish the client ill."""

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import httpx

from kappa_client import Problem
from kappa_client.http import TooLarge

from .stand_in import StandIn, refuses, says

UPLOAD = {
    "id": "up_1",
    "part_bytes": 8,
    "expires_at": "2999-01-01T00:00:00Z",
    "parts": [{"part": 1, "url": "https://store.test/1"}],
}


class AnId(unittest.TestCase):
    def test_is_one_part_of_a_path_whatever_is_in_it(self):
        for run in ("../keys", "run_1?limit=1", "run_1/../../keys", "run_1:cancel", "run_1#x", "a b"):
            with self.subTest(run):
                server = StandIn([says(200, {"id": "x", "status": "queued"})])
                server.kappa().runs.get(run)
                path = server.requests[0].url.raw_path.decode()
                self.assertTrue(path.startswith("/v1/runs/"))
                self.assertEqual(path.count("/"), 3)
                self.assertFalse(set("?#:") & set(path))

    def test_that_is_no_name_is_refused(self):
        for run in ("", ".", ".."):
            with self.subTest(run), self.assertRaisesRegex(ValueError, "must not be empty"):
                StandIn([]).kappa().runs.get(run)


class AServer(unittest.TestCase):
    def test_that_asks_to_wait_for_a_week_has_refused(self):
        for wait in ("604800", "1e300"):
            server = StandIn([refuses(503, "unavailable", retry_after=wait)])
            with self.subTest(wait), self.assertRaises(Problem):
                server.kappa().runs.get("run_1")
            self.assertEqual(server.slept, [])

    def test_whose_wait_is_no_number_of_seconds_is_asked_again_soon(self):
        for wait in ("inf", "nan", "-5"):
            with self.subTest(wait):
                server = StandIn([refuses(503, "unavailable", retry_after=wait), says(200, {"id": "run_1"})])
                server.kappa().runs.get("run_1")
                self.assertEqual(server.slept, [0.5])

    def test_whose_errors_are_no_list_is_still_told_as_a_problem(self):
        for errors in ("x", {"a": 1}, ["x", 5]):
            with self.subTest(errors), self.assertRaises(Problem) as told:
                StandIn([refuses(400, "invalid_request", errors=errors)]).kappa().runs.get("run_1")
            self.assertEqual(told.exception.errors, [])

    def test_that_answers_with_other_vectors_than_one_for_each_image_is_refused(self):
        for places in ([0], [0, 0], [0, 7], [0, 1, 2], []):
            data = [{"index": place, "embedding": "AACAPw=="} for place in places]
            kappa = StandIn([says(200, {"data": data})]).kappa()
            with self.subTest(places), self.assertRaisesRegex(ValueError, "one vector for each of 2 images"):
                list(kappa.embeddings.create("m", [b"a", b"b"]))

    def test_that_sends_elsewhere_is_not_followed_with_the_key(self):
        server = StandIn([says(307, None, location="https://evil.example/v1/runs/run_1")])
        with self.assertRaises(Problem) as told:
            server.kappa().runs.get("run_1")
        self.assertEqual((told.exception.status, len(server.requests)), (307, 1))


class AnAnswerWithoutAnEnd(unittest.TestCase):
    def endless(self, status: int, begin: bytes = b"", kind: str = "application/json"):
        def body():
            yield begin
            for self.taken in range(10_000):
                yield b" " * 1024 * 1024
            raise AssertionError("all of it was read")

        return lambda _: httpx.Response(status, content=body(), headers={"content-type": kind})

    def test_is_given_up(self):
        server = StandIn([self.endless(200)])
        with mock.patch("kappa_client.http.MOST_ANSWER_BYTES", 8 * 1024 * 1024), self.assertRaises(TooLarge):
            server.kappa().runs.get("run_1")
        self.assertLess(self.taken, 16)

    def test_is_given_up_where_it_is_a_refusal(self):
        with self.assertRaises(TooLarge):
            StandIn([self.endless(400)]).kappa().runs.get("run_1")
        self.assertLess(self.taken, 8)

    def test_is_given_up_where_it_is_an_event(self):
        kappa = StandIn([self.endless(200, b"data: ", "text/event-stream")]).kappa()
        with self.assertRaises(TooLarge):
            next(kappa.runs.stream("run_1"))
        self.assertLess(self.taken, 12)


class AnUpload(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file, self.state = self.folder / "a.zip", self.folder / "state"
        self.file.write_bytes(b"1234")

    def test_keeps_signed_urls_for_its_owner_alone_and_follows_no_link(self):
        victim = self.folder / "victim"
        victim.write_text("mine")
        (self.folder / "state.partial").symlink_to(victim)
        seen = []

        def put(request: httpx.Request) -> httpx.Response:
            seen.append((self.state.stat().st_mode & 0o077, json.loads(self.state.read_text())["upload"]["id"]))
            return httpx.Response(200, headers={"etag": "e"})

        server = StandIn([says(201, UPLOAD), put, says(200, {"id": "up_1"})])
        server.kappa().uploads.file("ds_1", self.file, state=self.state)
        self.assertEqual(seen, [(0, "up_1")])
        self.assertEqual(victim.read_text(), "mine")

    def test_of_which_a_damaged_state_was_kept_begins_anew(self):
        for text in ("{", "[]", "null", '{"server": 1}'):
            with self.subTest(text):
                self.state.write_text(text)
                server = StandIn([says(201, UPLOAD), says(200, None, etag="e"), says(200, {"id": "up_1"})])
                completed = server.kappa().uploads.file("ds_1", self.file, state=self.state)
                self.assertEqual(completed, {"id": "up_1"})

    def test_is_of_the_parts_of_its_file(self):
        for numbers in ([1, 2], [0], [], [1, 1]):
            parts = [{"part": part, "url": "https://store.test/1"} for part in numbers]
            kappa = StandIn([says(201, {**UPLOAD, "parts": parts})]).kappa()
            with self.subTest(numbers), self.assertRaisesRegex(ValueError, "other parts than a file of 4 bytes has"):
                kappa.uploads.file("ds_1", self.file)
