"""Fetches an access token by client credentials, and sends a record with it.

Reads {"ca", "token_url", "url", "client_id", "client_secret", "in_body", "record"}
from the standard input, and prints status and body of the answer to the record, or
the error code with which no token was given.
"""

import json
import sys
from urllib.parse import quote_plus

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

given = json.load(sys.stdin)
client_id, secret = given["client_id"], given["client_secret"]
session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
session.trust_env = False
if given["in_body"]:
    shown = {"client_secret": secret, "include_client_id": True}
else:
    # The standard has both encoded as in a form; the library leaves it to us.
    shown = {"auth": HTTPBasicAuth(quote_plus(client_id), quote_plus(secret))}
try:
    session.fetch_token(given["token_url"], verify=given["ca"], **shown)
    answer = session.post(given["url"], data=given["record"].encode(), verify=given["ca"])
    print(answer.status_code, answer.text)
except OAuth2Error as error:
    print(error.error)
