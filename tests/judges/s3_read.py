"""Reads all of a bucket with `boto3`.

Arguments: the endpoint, and for TLS the authority's certificate in PEM. Prints as
JSON, by key: the versions that there are, the body in Base64, its SHA-256, and the
metadata `sha256`.
"""

import base64
import hashlib
import json
import sys

import boto3
from botocore.config import Config

endpoint, *authority = sys.argv[1:]
client = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="reader",
    aws_secret_access_key="secret",
    verify=authority[0] if authority else None,
    config=Config(s3={"addressing_style": "path"}, proxies={}),
)
objects = {}
for version in client.list_object_versions(Bucket="cdrs").get("Versions", []):
    key = version["Key"]
    found = objects.setdefault(key, {"versions": 0})
    found["versions"] += 1
    answer = client.get_object(Bucket="cdrs", Key=key)
    body = answer["Body"].read()
    found["body"] = base64.b64encode(body).decode()
    found["sha256"] = hashlib.sha256(body).hexdigest()
    found["told"] = answer["Metadata"].get("sha256")
print(json.dumps(objects))
