"""Verifies requests with the reference library of Standard Webhooks.

Reads a JSON array of {"secret", "headers", "body"} from the standard input, each
body in Base64, and prints one line for each: "verified", or "refused: " and why.
Whatever else goes wrong ends it with a traceback.

The library verifies text. What a content coding made of a body is no text: there
the scheme is followed here, with Python's own HMAC.
"""

import base64
import hashlib
import hmac
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def verify_coded(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
    digest = hmac.new(key, stamp.encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    if expected not in headers["webhook-signature"].split(" "):
        raise WebhookVerificationError("No matching signature found")


for request in json.load(sys.stdin.buffer):
    secret, headers = request["secret"], request["headers"]
    body = base64.b64decode(request["body"])
    try:
        if "content-encoding" in headers:
            verify_coded(secret, headers, body)
        else:
            is_one_document = headers["content-type"] == "application/json"
            Webhook(secret).verify(body, headers, json_parse=is_one_document)
        print("verified")
    except WebhookVerificationError as error:
        print(f"refused: {error}")
