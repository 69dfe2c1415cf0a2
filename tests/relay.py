"""A line between two programs on loopback that a test can cut."""

import contextlib
import selectors
import socket
import threading


class Relay:
    """Passes bytes on to a port, until it is cut; then it is silent, as a broken cable is."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_cut = threading.Event()
        self._hang_ups = 0
        self._is_lossy = threading.Event()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Pass nothing on any more. Open connections stay silent for ever."""
        self._is_cut.set()

    def mend(self) -> None:
        """Serve new connections again."""
        self._is_cut.clear()

    def lose_answers(self) -> None:
        """Pass on what the client says, and no answer, until ``hang_up``."""
        self._is_lossy.set()

    def hang_up(self) -> None:
        """End the open connections."""
        self._hang_ups += 1
        self._is_lossy.clear()

    def lead_to(self, port: int) -> None:
        """Lead new connections to another program."""
        self._to = port

    def close(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread that accepts
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pass(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            is_dead, hang_ups = self._is_cut.is_set(), self._hang_ups
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                ways = {client: server, server: client}
                with selectors.DefaultSelector() as selector:
                    for end in ways:
                        selector.register(end, selectors.EVENT_READ)
                    while not self._over.is_set() and self._hang_ups == hang_ups:
                        is_dead = is_dead or self._is_cut.is_set()
                        for key, _ in selector.select(0.05):
                            end = key.fileobj
                            assert isinstance(end, socket.socket)
                            if is_dead:
                                self._over.wait(0.05)
                                continue
                            data = end.recv(1 << 16)
                            if not data:
                                return
                            if end is client or not self._is_lossy.is_set():
                                ways[end].sendall(data)
