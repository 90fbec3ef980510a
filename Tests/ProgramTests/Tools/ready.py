"""Waits until the program whose numbers stand at a port says that it is ready: `ready.py PORT`."""

import sys
import time
import urllib.request

for _ in range(240):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=2)
        print("ready")
        sys.exit()
    except OSError:
        time.sleep(0.5)
print("not ready")
