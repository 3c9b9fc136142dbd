"""Verifies requests with the reference library of Standard Webhooks.

Reads a JSON array of {"secret", "headers", "body"} from the standard input and
prints one line for each: "verified", or "refused: " and why. Whatever else goes
wrong ends it with a traceback.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for request in json.load(sys.stdin.buffer):
    try:
        Webhook(request["secret"]).verify(request["body"].encode(), request["headers"])
        print("verified")
    except WebhookVerificationError as error:
        print(f"refused: {error}")
