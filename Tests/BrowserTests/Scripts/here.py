"""A web server of the tests: files of the package below a prefix each, and what a test adds. It has
the policy that the public pages have, so that what works here works there."""

import http.server
import pathlib
import threading
import urllib.request

from browser import ROOT

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
          "frame-ancestors 'none'")
TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8", ".css": "text/css",
         ".json": "application/json"}


class Here:
    """`folders` are prefixes and folders of the package; `change` may replace the bytes at a path;
    `beyond` is the address that answers for everything else."""

    def __init__(self, folders, change=lambda path, bytes: bytes, beyond=None):
        outer = self
        self.change = change
        self.beyond = beyond

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, kind, body = outer.answer(folders, self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", POLICY)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, folders, path):
        path = path.split("?")[0]
        for prefix, folder in folders.items():
            file = (ROOT / folder / path[len(prefix):]).resolve()
            if path.startswith(prefix) and file.is_file() and ROOT in file.parents:
                body = self.change(path, file.read_bytes())
                return 200, TYPES.get(file.suffix, "application/octet-stream"), body
        if self.beyond:
            try:
                with urllib.request.urlopen(self.beyond + path, timeout=30) as answer:
                    kind = answer.headers.get("Content-Type", "application/octet-stream")
                    return 200, kind, self.change(path, answer.read())
            except urllib.error.HTTPError as problem:
                return problem.code, "text/plain", b""
        return 404, "text/plain", b"nothing stands here"

    def close(self):
        self.server.shutdown()
