"""Serves S3 as `moto` does, with a bucket `cdrs` that keeps every version.

Arguments: a file, and for TLS a certificate and its key in PEM. Prints the address
and serves until the standard input ends. While the file exists, what is put is kept
and answered with 500 all the same, as an answer that is lost.
"""

import logging
import os
import ssl
import sys
import threading

import boto3
from moto import mock_aws
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

forgets, *pair = sys.argv[1:]
logging.getLogger("werkzeug").setLevel(logging.ERROR)
served = DomainDispatcherApplication(create_backend_app)


def answer(environ, start_response):
    if environ["REQUEST_METHOD"] != "PUT" or not os.path.exists(forgets):
        return served(environ, start_response)
    list(served(environ, lambda *_: None))
    start_response("500 Internal Server Error", [])
    return []


context = None
if pair:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
server = make_server("127.0.0.1", 0, answer, threaded=True, ssl_context=context)
with mock_aws():
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="cdrs")
    client.put_bucket_versioning(Bucket="cdrs", VersioningConfiguration={"Status": "Enabled"})
    print(f"127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
