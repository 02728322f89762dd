"""A TCP proxy before a database server that can cut the line, or do something, at a given packet.

It understands no protocol: a *packet* is what the client sent in one go and got an answer to
(or not) before it sent more. Both PostgreSQL's and MariaDB's clients send a COMMIT as plain text,
so the packet that holds it is found by its bytes.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

_SIZE = 1 << 16

Cut = Literal["before", "after"]
Watch = Callable[[int, bytes], Cut | None]
"""Number of the packet (from 1, over all connections) and its first bytes → whether to cut the
connection before the packet reaches the server, or after the server answered, or not at all.
It may do anything on the way: kill a process, write to the database."""


def never(_number: int, _packet: bytes) -> Cut | None:
    """Lets everything pass."""
    return None


def at_commit(which: int, cut: Cut) -> Watch:
    """Cuts at the packet that is the `which`-th COMMIT."""
    seen = 0

    def watch(_number: int, packet: bytes) -> Cut | None:
        nonlocal seen
        seen += b"COMMIT" in packet
        return cut if b"COMMIT" in packet and seen == which else None

    return watch


class CuttingProxy:
    """Listens on `port` of the loopback and passes everything on to where `server_port` is now."""

    def __init__(self, server_port: Callable[[], int], watch: Watch = never) -> None:
        self._server_port = server_port
        self.watch = watch
        self.packets = 0
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut_all()

    def cut_all(self) -> None:
        """Cuts every connection that is open now; new ones are welcome."""
        for line in list(self._open):
            _close(line)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port()))
        except OSError:
            _close(client)
            return
        for line in (client, server):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open |= {client, server}
        dropping = threading.Event()
        back = threading.Thread(target=_pass, args=(server, client, dropping), daemon=True)
        back.start()
        with suppress(OSError):
            while packet := client.recv(_SIZE):
                with self._counting:
                    self.packets += 1
                    cut = self.watch(self.packets, packet)
                if cut == "before":
                    break
                if cut == "after":
                    dropping.set()
                server.sendall(packet)
                if cut == "after":
                    back.join(timeout=30)  # until the server has answered: the answer is dropped
                    break
        for line in (client, server):
            _close(line)
            self._open.discard(line)


def _pass(server: socket.socket, client: socket.socket, dropping: threading.Event) -> None:
    with suppress(OSError):
        while answer := server.recv(_SIZE):
            if dropping.is_set():
                return
            client.sendall(answer)
    if not dropping.is_set():
        _close(client)


def _close(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
