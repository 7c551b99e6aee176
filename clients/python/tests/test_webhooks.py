import unittest

from kappa_client import webhooks

# From the reference libraries of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = 1614265330
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1,aaaa v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


class WebhooksTest(unittest.TestCase):
    def test_the_example_of_the_specification_is_verified(self):
        self.assertEqual(webhooks.verify(SECRET, HEADERS, BODY, now=AT + 299), {"test": 2432232314})

    def test_another_body_id_secret_or_time_is_refused(self):
        others = {
            "body": (SECRET, HEADERS, BODY + b" ", AT),
            "id": (SECRET, {**HEADERS, "Webhook-Id": "msg_x"}, BODY, AT),
            "secret": ("whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw", HEADERS, BODY, AT),
            "late": (SECRET, HEADERS, BODY, AT + 301),
            "early": (SECRET, HEADERS, BODY, AT - 301),
            "no time": (SECRET, {**HEADERS, "webhook-timestamp": "soon"}, BODY, AT),
            "no id": (SECRET, {name: value for name, value in HEADERS.items() if name != "Webhook-Id"}, BODY, AT),
        }
        for name, (secret, headers, body, now) in others.items():
            with self.subTest(name), self.assertRaises(webhooks.InvalidSignature):
                webhooks.verify(secret, headers, body, now=now)
