"""A camera's read of a plate, now or some hours later: `post.py PORT CREDENTIAL PLATE [HOURS]`.
Prints the answer's status. The read's hour is left in the file `hour`, from the same look at the
clock: a later one may see the next hour."""

import json
import sys
import time
import urllib.request

port, credential, plate = sys.argv[1:4]
seen = int(time.time() * 1_000) + int((sys.argv[4:] or ["0"])[0]) * 3_600_000
with open("hour", "w") as file:
    file.write(time.strftime("%Y-%m-%dT%HZ", time.gmtime(seen // 1_000)))
line = json.dumps({"plate": plate, "epoch_ms": seen, "confidence": 91})
ask = urllib.request.Request(
    f"http://127.0.0.1:{port}/feeds/gate",
    (line + "\n").encode(),
    {"Authorization": "Bearer " + credential, "Content-Type": "application/x-ndjson"},
)
print(urllib.request.urlopen(ask, timeout=30).status)
