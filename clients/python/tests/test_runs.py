import json
import unittest

import httpx

from kappa_client import Problem, RunFailed
from kappa_client.runs import Runs

from .stand_in import StandIn, breaks, refuses, says

RUNNING = {"id": "run_1", "status": "running", "status_reason": None, "error": None}
DONE = {**RUNNING, "status": "succeeded"}
FAILED = {**RUNNING, "status": "failed", "error": {"code": "loss_not_finite", "message": "The loss is no number."}}


def stream(*seqs: int, then: Exception | None = None):
    def chunks():
        yield b": events of a run\n\n"
        for seq in seqs:
            yield f"id: {seq}\nevent: progress\ndata: {json.dumps({'seq': seq, 'type': 'progress'})}\n\n".encode()
        if then is not None:
            raise then

    return lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=chunks())


class WaitTest(unittest.TestCase):
    def test_polls_with_the_etag_until_the_run_has_succeeded(self):
        server = StandIn([says(200, RUNNING, etag='"1"'), says(304), says(200, DONE, etag='"2"')])
        self.assertEqual(server.kappa().runs.wait("run_1"), DONE)
        asked = [request.headers.get("if-none-match") for request in server.requests]
        self.assertEqual(asked, [None, '"1"', '"1"'])
        self.assertEqual(server.slept, [1.0, 1.5])

    def test_a_run_that_fails_is_an_exception_with_its_reason(self):
        with self.assertRaisesRegex(RunFailed, "run_1 failed: loss_not_finite: The loss is no number") as caught:
            StandIn([says(200, FAILED)]).kappa().runs.wait("run_1")
        self.assertEqual(caught.exception.run, FAILED)
        self.assertEqual(StandIn([says(200, FAILED)]).kappa().runs.wait("run_1", check=False), FAILED)

    def test_a_timeout_says_in_which_state_the_run_is(self):
        server = StandIn([says(200, RUNNING)] * 3)
        runs = Runs(server.kappa().http, now=iter([0.0, 1.0, 8.0, 10.0]).__next__)
        with self.assertRaisesRegex(TimeoutError, "run_1 is running after 10 s"):
            runs.wait("run_1", timeout=10)

    def test_a_server_that_is_away_is_asked_again_and_a_refusal_is_not(self):
        server = StandIn([breaks, refuses(503, "database_unavailable", retry_after="7"), says(200, DONE)])
        server.kappa().runs.wait("run_1")
        self.assertEqual(server.slept, [0.5, 7.0])
        with self.assertRaises(Problem) as caught:
            StandIn([refuses(404, "run_not_found")]).kappa().runs.wait("run_1")
        self.assertEqual((caught.exception.status, caught.exception.code), (404, "run_not_found"))

    def test_patience_ends(self):
        server = StandIn([refuses(503, "overloaded")] * 8)
        with self.assertRaises(Problem):
            server.kappa().runs.get("run_1")
        self.assertEqual(server.slept, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0])


class StreamTest(unittest.TestCase):
    def test_goes_on_behind_the_last_event_after_a_break_and_ends_with_the_run(self):
        server = StandIn(
            [
                stream(1, 2, then=httpx.ReadError("reset")),
                breaks,
                stream(3),
                says(200, RUNNING),  # the server was shut down, and the run goes on
                stream(4),
                says(200, DONE),
                stream(),
                says(200, DONE),
            ]
        )
        self.assertEqual([event["seq"] for event in server.kappa().runs.stream("run_1")], [1, 2, 3, 4])
        asked = [one.headers["last-event-id"] for one in server.requests if one.url.path.endswith("/events")]
        self.assertEqual(asked, ["0", "2", "2", "3", "4"])
        self.assertEqual(server.requests[0].headers["authorization"], "Bearer kappa_key")

    def test_too_many_streams_are_waited_out_and_a_refusal_is_raised(self):
        server = StandIn([refuses(429, "rate_limited", retry_after="10"), stream(), says(200, DONE)])
        self.assertEqual(list(server.kappa().runs.stream("run_1")), [])
        self.assertEqual(server.slept, [10.0])
        with self.assertRaises(Problem):
            list(StandIn([refuses(403, "forbidden")]).kappa().runs.stream("run_1"))
