import base64
import json
import struct
import unittest

import httpx

from kappa_client import Problem, batches

from .stand_in import StandIn, breaks, refuses, says


def answered(custom_id: str, *vectors: bytes) -> str:
    data = [{"index": i, "embedding": base64.b64encode(one).decode()} for i, one in enumerate(vectors)]
    return json.dumps({"custom_id": custom_id, "response": {"status_code": 200, "body": {"data": data}}, "error": None})


def content(*chunks: bytes, broken: bool = False):
    def body():
        yield from chunks
        if broken:
            raise httpx.ReadError("broken off")

    return lambda _: httpx.Response(200, content=body())


FILE = says(201, {"id": "file_1"})


class Creating(unittest.TestCase):
    def test_uploads_the_lines_again_where_they_were_refused_for_now_and_queues_them_once(self):
        text = batches.line("a", "shoes@prod", [b"xy"], output_dtype="int8")
        sent = json.loads(text)
        self.assertEqual((sent["custom_id"], sent["method"], sent["url"]), ("a", "POST", "/v1/embeddings"))
        self.assertEqual(sent["body"]["input"], ["eHk="])
        server = StandIn([refuses(429, "project_rate_limited", retry_after="7"), FILE, says(202, {"id": "batch_1"})])
        made = server.kappa().batches.create(text.encode(), completion_window="2h", metadata={"team": "x"})
        self.assertEqual((made["id"], server.slept), ("batch_1", [7.0]))
        for request in server.requests[:2]:
            self.assertIn(text.encode(), request.content)
            self.assertIn(b'name="purpose"\r\n\r\nbatch', request.content)
        self.assertTrue(server.requests[2].headers["idempotency-key"])
        wanted = {"input_file_id": "file_1", "endpoint": "/v1/embeddings", "completion_window": "2h"}
        self.assertEqual(server.sent(2), {**wanted, "metadata": {"team": "x"}})

    def test_sends_no_file_twice_of_which_the_answer_was_lost(self):
        with self.assertRaises(httpx.TransportError):
            StandIn([breaks]).kappa().batches.create(b"{}")
        with self.assertRaises(Problem):
            StandIn([refuses(503, "storage_unavailable")]).kappa().batches.create(b"{}")

    def test_leaves_no_file_behind_where_the_batch_is_refused(self):
        server = StandIn([FILE, refuses(422, "batch_impossible"), says(200, {"deleted": True})])
        with self.assertRaises(Problem):
            server.kappa().batches.create(b"{}")
        self.assertEqual((server.requests[2].method, server.requests[2].url.path), ("DELETE", "/v1/files/file_1"))


class Waiting(unittest.TestCase):
    def test_is_for_whatever_end(self):
        for end in batches.ENDS:
            server = StandIn(
                [says(200, {"status": "in_progress"}), refuses(503, "x", retry_after="9"), says(200, {"status": end})]
            )
            self.assertEqual(server.kappa().batches.wait("batch_1")["status"], end)
            self.assertEqual(server.slept, [1.0, 9.0])


class Results(unittest.TestCase):
    def test_are_answers_in_their_order_and_then_failures(self):
        error = {"code": "image_invalid", "message": "no image"}
        failed = {"custom_id": "b", "response": {"status_code": 422, "body": {"error": error}}, "error": None}
        answers = f"{answered('a', bytes([1, 255]), bytes([2, 3]))}\n".encode()
        server = StandIn([content(answers), content(json.dumps(failed).encode())])
        batch = {"output_file_id": "file_1", "error_file_id": "file_2"}
        first, second = server.kappa().batches.results(batch, output_dtype="int8")
        self.assertEqual((first.custom_id, first.embeddings, first.error), ("a", [[1, -1], [2, 3]], None))
        self.assertEqual((second.custom_id, second.embeddings, second.error), ("b", None, error))
        none = {"output_file_id": None, "error_file_id": None}
        self.assertEqual(list(StandIn([]).kappa().batches.results(none)), [])

    def test_lose_no_line_and_give_none_twice_where_the_connection_breaks(self):
        lines = [answered(one, struct.pack("<f", 1)) for one in ("\u00e9", "b", "c")]
        text = ("\n".join(lines) + "\n").encode()
        one_by_one = [bytes([byte]) for byte in text[:-5]]
        server = StandIn([content(*one_by_one, broken=True), breaks, content(text)])
        self.assertEqual(list(server.kappa().batches.lines("file_1")), lines)

    def test_of_a_file_that_is_not_there_are_a_problem(self):
        with self.assertRaises(Problem):
            list(StandIn([refuses(404, "file_not_found")]).kappa().batches.lines("file_1"))
