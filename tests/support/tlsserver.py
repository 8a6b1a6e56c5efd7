#!/usr/bin/env python3
"""tlsserver.py PROGRAM... - runs PROGRAM with TLS servers beside it, good and bad ones.

Each answers every request with 200 and {}. Their addresses and the authority they stand on are in
the environment: TLS_GOOD, TLS_EXPIRED, TLS_OTHER_HOST, TLS_SELF_SIGNED, TLS_OLD (1.1 at most),
TLS_SILENT (takes the connection and says nothing), TLS_CA. Their port is a free one of loopback.

TLS_H2, TLS_H2_EXPIRED, TLS_H2_OTHER_HOST and TLS_H2_SELF_SIGNED speak HTTP/2 and answer each call of
gRPC with an empty message, TLS_H2_MUTUAL wants a certificate of the client besides; TLS_CLIENT and
TLS_CLIENT_KEY are one that it takes, TLS_STRANGER and TLS_STRANGER_KEY one that it does not,
TLS_LOCKED_KEY is a key with a passphrase.
"""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

import grpcserver

EXTENSIONS = """
[ca]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign
[host]
subjectAltName=DNS:localhost,IP:127.0.0.1
[other]
subjectAltName=DNS:elsewhere.example
"""


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"tlsserver: openssl {' '.join(args)}\n{done.stderr}")


def key(folder, name):
    path = f"{folder}/{name}.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    return path


def certificate(folder, name, section, ca, *days):
    """Signed by `ca`, or by itself where that is None."""
    own, request, path = key(folder, name), f"{folder}/{name}.csr", f"{folder}/{name}.pem"
    openssl("req", "-new", "-key", own, "-subj", f"/CN={name}", "-out", request)
    signer = ["-CA", f"{folder}/{ca}.pem", "-CAkey", f"{folder}/{ca}.key", "-CAcreateserial"] \
        if ca else ["-signkey", own]
    openssl("x509", "-req", "-in", request, *signer, "-out", path, "-extfile",
            f"{folder}/extensions", "-extensions", section, *(days or ("-days", "2")))
    return path, own


def answer(context, connection):
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            if tls.selected_alpn_protocol() == "h2":
                grpcserver.answer(tls)
                return
            data = b""
            while True:
                more = tls.recv(4096)
                if not more:
                    return
                data += more
                while b"\r\n\r\n" in data:
                    data = data.split(b"\r\n\r\n", 1)[1]
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    except OSError:
        pass  # what a client has refused


def serve(listener, context):
    kept = []
    while True:
        connection, _ = listener.accept()
        if context is None:
            kept.append(connection)
        else:
            threading.Thread(target=answer, args=(context, connection), daemon=True).start()


def start(name, made, old=False, h2=False, ca=None):
    context = None
    if made:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*made)
        if h2:
            context.set_alpn_protocols(["h2"])
        if ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(ca)
        if old:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    os.environ[name] = f"https://localhost:{listener.getsockname()[1]}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/extensions", "w", encoding="ascii") as out:
            out.write(EXTENSIONS)
        certificate(folder, "ca", "ca", None)
        made = {"GOOD": certificate(folder, "good", "host", "ca"),
                "EXPIRED": certificate(folder, "expired", "host", "ca", "-days", "-1"),
                "OTHER_HOST": certificate(folder, "other", "other", "ca"),
                "SELF_SIGNED": certificate(folder, "self", "host", None)}
        for name, files in made.items():
            start(f"TLS_{name}", files)
            start(f"TLS_H2_{name}" if name != "GOOD" else "TLS_H2", files, h2=True)
        start("TLS_OLD", made["GOOD"], old=True)
        start("TLS_SILENT", None)
        start("TLS_H2_MUTUAL", made["GOOD"], h2=True, ca=f"{folder}/ca.pem")
        os.environ["TLS_CLIENT"], os.environ["TLS_CLIENT_KEY"] = made["GOOD"]
        os.environ["TLS_STRANGER"], os.environ["TLS_STRANGER_KEY"] = made["SELF_SIGNED"]
        os.environ["TLS_LOCKED_KEY"] = f"{folder}/locked.key"
        openssl("pkey", "-in", made["GOOD"][1], "-aes256", "-passout", "pass:sesame", "-out",
                os.environ["TLS_LOCKED_KEY"])
        os.environ["TLS_CA"] = f"{folder}/ca.pem"
        return subprocess.run(sys.argv[1:], check=False).returncode


sys.exit(main())
