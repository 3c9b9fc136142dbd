"""Opens what the journal sealed, by the documented format and nothing else.

Arguments: the journal, the master key in Base64. Prints the bodies in order.
"""

import base64
import sqlite3
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

journal, master = sys.argv[1], AESGCM(base64.b64decode(sys.argv[2]))
db = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)

day_keys = {}
for day, wrapped in db.execute("SELECT day, wrapped FROM day_keys"):
    version, nonce, sealed = wrapped[:1], wrapped[1:13], wrapped[13:]
    assert version == b"\x01"
    bound = version + f"day_keys/{day}".encode()
    day_keys[day] = AESGCM(master.decrypt(nonce, sealed, bound))

query = """SELECT seq, key_day, body FROM arrival_index JOIN arrivals USING (seq)
           ORDER BY seq"""
for seq, day, blob in db.execute(query):
    header, nonce, sealed = blob[:5], blob[5:17], blob[17:]
    assert header == b"\x01" + day.to_bytes(4, "big")
    bound = header + f"arrivals/{seq}".encode()
    print(day_keys[day].decrypt(nonce, sealed, bound).decode(), end="\n")
