"""A relay between a program and a PostgreSQL server that loses what it is told to lose: the network
as it is on a bad day, at a place of the conversation that the test has chosen."""
import contextlib
import socket
import threading


class Relay:
    """Listens on `port` of loopback and passes everything on to the server's port.

    lose_commit(applied)   the next COMMIT: either it does not get there, or its answer does not get
                           back; `lost` is set then, and that connection is cut. behind=n: only after
                           n others
    cut_after(n)           the next connection is cut once n bytes of the server have come
    """

    def __init__(self, server_port):
        self.to = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.lose = None   # None, "request", "answer"
        self.behind = 0    # COMMITs that are let through before
        self.limit = None  # bytes
        self.lost = threading.Event()
        self.commits = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.close()

    def lose_commit(self, applied, behind=0):
        with self.lock:
            self.lost.clear()
            self.behind = behind
            self.lose = "answer" if applied else "request"

    def cut_after(self, n):
        with self.lock:
            self.lost.clear()
            self.limit = n

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.to))
                except OSError:
                    client.close()
                    continue
                talk = Talk(self, client, server)
                threading.Thread(target=talk.requests, daemon=True).start()
                threading.Thread(target=talk.answers, daemon=True).start()


class Talk:
    """One connection."""

    def __init__(self, relay, client, server):
        self.relay, self.client, self.server = relay, client, server
        self.drop_answer = False
        with relay.lock:
            self.left, relay.limit = relay.limit, None

    def cut(self):
        self.relay.lost.set()
        self.end()

    def end(self):
        for s in (self.client, self.server):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def requests(self):
        with contextlib.suppress(OSError):
            while data := self.client.recv(65536):
                if b"COMMIT" in data and not self.commit():
                    return
                self.server.sendall(data)
        self.end()

    def commit(self):
        """False: it does not get there."""
        with self.relay.lock:
            self.relay.commits += 1
            if self.relay.lose and self.relay.behind:
                self.relay.behind -= 1
                return True
            lose, self.relay.lose = self.relay.lose, None
        self.drop_answer = lose == "answer"
        if lose == "request":
            self.cut()
        return lose != "request"

    def answers(self):
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                if self.drop_answer and b"COMMIT\0" in data:
                    return self.cut()
                if self.left is not None:
                    self.left -= len(data)
                    if self.left <= 0:
                        return self.cut()
                self.client.sendall(data)
        return self.end()
