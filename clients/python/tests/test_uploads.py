import os
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx

from kappa_client import Problem
from kappa_client.uploads import Uploads

from .stand_in import StandIn, breaks, refuses, says

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
COMPLETED = {"id": "upl_1", "status": "completed"}


def started(upload: str = "upl_1", expires: datetime = NOW + timedelta(days=1)):
    parts = [{"part": n, "url": f"http://store.test/{upload}/{n}"} for n in (1, 2, 3)]
    at = expires.isoformat().replace("+00:00", "Z")
    return says(201, {"id": upload, "part_bytes": 4, "expires_at": at, "parts": parts})


def taken(request: httpx.Request) -> httpx.Response:
    assert "authorization" not in request.headers, "the key goes to nobody but the API"
    return httpx.Response(200, headers={"etag": f'"{request.content.decode()}"'})


class Stopped(Exception):
    pass


class UploadsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "photos.zip"
        self.path.write_bytes(b"aaaabbbbcc")
        self.state = Path(folder.name) / "state.json"

    def upload(self, server: StandIn, **options):
        return Uploads(server.kappa().http, now=lambda: NOW).file("ds_1", self.path, **options)

    def break_after_two_parts(self):
        def progress(sent: int, _: int) -> None:
            if sent == 8:
                raise Stopped

        server = StandIn([started(), taken, taken])
        with self.assertRaises(Stopped):
            self.upload(server, state=self.state, progress=progress)

    def test_parts_are_sent_with_their_bytes_and_put_together(self):
        server = StandIn(
            [started(), taken, breaks, taken, refuses(503, "storage_unavailable"), taken, says(200, COMPLETED)]
        )
        told: list[tuple[int, int]] = []
        self.assertEqual(self.upload(server, progress=lambda *both: told.append(both)), COMPLETED)
        self.assertEqual(server.sent(0), {"filename": "photos.zip", "bytes": 10})
        self.assertEqual([part["etag"] for part in server.sent(-1)["parts"]], ['"aaaa"', '"bbbb"', '"cc"'])
        self.assertEqual(told, [(4, 10), (8, 10), (10, 10)])
        self.assertEqual(len(server.slept), 2)

    def test_goes_on_where_it_broke_off(self):
        self.break_after_two_parts()
        self.assertEqual(self.state.stat().st_mode & 0o077, 0, "signed URLs are nobody else's to read")
        server = StandIn([taken, says(200, COMPLETED)])
        self.upload(server, state=self.state)
        self.assertEqual(str(server.requests[0].url), "http://store.test/upl_1/3")
        self.assertEqual([part["etag"] for part in server.sent(1)["parts"]], ['"aaaa"', '"bbbb"', '"cc"'])
        self.assertFalse(self.state.exists())

    def test_a_file_that_has_changed_is_begun_anew(self):
        self.break_after_two_parts()
        about = self.path.stat()
        os.utime(self.path, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
        server = StandIn([started("upl_2"), taken, taken, taken, says(200, COMPLETED)])
        self.upload(server, state=self.state)
        self.assertIn("upl_2", str(server.requests[1].url))

    def test_an_upload_that_runs_out_is_begun_anew(self):
        server = StandIn([started(expires=NOW + timedelta(minutes=5)), taken, refuses(403, "forbidden")])
        with self.assertRaises(Problem):
            self.upload(server, state=self.state)
        self.upload(StandIn([started("upl_2"), taken, taken, taken, says(200, COMPLETED)]), state=self.state)

    def test_what_the_store_does_not_have_is_not_remembered(self):
        server = StandIn([started(), taken, taken, taken, refuses(409, "upload_incomplete")])
        with self.assertRaises(Problem):
            self.upload(server, state=self.state)
        self.assertFalse(self.state.exists())
