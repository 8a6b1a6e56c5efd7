"""The least there is of a server of gRPC: each call that comes, whichever it is, gets the one message,
or the one status.

    with grpcserver.Server(bytes) as server:
        run(address=server.address)
"""
import contextlib
import socket
import struct
import threading


def frame(kind, flags, stream, data=b""):
    return struct.pack(">I", len(data))[1:] + struct.pack(">BBI", kind, flags, stream) + data


def headers(*pairs):
    """Literals that go into no table."""
    return b"".join(b"\0" + bytes([len(text)]) + text.encode() if not i else
                    bytes([len(text)]) + text.encode()
                    for pair in pairs for i, text in enumerate(pair))


def answer(connection, message=b"", status=0):
    """Until the client has gone."""
    stream = connection.makefile("rb")
    stream.read(24)
    connection.sendall(frame(4, 0, 0))
    while True:
        head = stream.read(9)
        if len(head) < 9:
            return
        kind, flags, number = struct.unpack(">BBI", head[3:])
        data = stream.read(int.from_bytes(head[:3], "big"))
        if kind == 4 and not flags & 1:
            connection.sendall(frame(4, 1, 0))
        if kind == 6 and not flags & 1:
            connection.sendall(frame(6, 1, 0, data))
        if kind == 0 and flags & 1:
            begin = headers((":status", "200"), ("content-type", "application/grpc"))
            connection.sendall(
                frame(1, 4, number, begin) + frame(0, 0, number, struct.pack(">BI", 0, len(message)) + message) +
                frame(1, 5, number, headers(("grpc-status", str(status)))))


class Server:
    """In plain text, on a free port of loopback."""

    def __init__(self, message=b"", status=0):
        self.message, self.status = message, status
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with contextlib.suppress(OSError), connection:
            answer(connection, self.message, self.status)
