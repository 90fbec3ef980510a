"""Every byte that passes: a relay in front of a listener hands it on and keeps it. What was
recorded is searched in every spelling that a program might have used."""

import base64
import socket
import threading
import urllib.parse


class Relay:
    """A listener that hands everything on to a port of this machine, and keeps it."""

    def __init__(self, port):
        self.target = port
        self.streams = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                stream = bytearray()
                self.streams.append(stream)
                threading.Thread(
                    target=self._pump, args=(source, sink, stream), daemon=True).start()

    @staticmethod
    def _pump(source, sink, stream):
        try:
            while piece := source.recv(65_536):
                stream += piece
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def count(self):
        """How many bytes have passed."""
        return sum(map(len, self.streams))

    def close(self):
        self.listener.close()


def spellings(word):
    """Bytes or a text as they might stand in a stream."""
    content = word if isinstance(word, bytes) else word.encode()
    found = {content, content.hex().encode(), content.hex().upper().encode()}
    for shift in range(3):  # base64 wherever the word begins: the letters that it alone decides
        whole = base64.b64encode(b"\0" * shift + content)
        whole = whole[-(-8 * shift // 6):8 * (shift + len(content)) // 6]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    if isinstance(word, str):
        found |= {word.lower().encode(), urllib.parse.quote(word).encode(),
                  word.encode("utf-16-le"), word[::-1].encode()}
    return {one for one in found if len(one) >= 6}


def search(streams, words):
    """The words that stand somewhere in the streams, in any of their spellings."""
    found = set()
    for stream in streams:
        content = bytes(stream)
        for word in words:
            if any(one in content for one in spellings(word)):
                found.add(word)
    return found
