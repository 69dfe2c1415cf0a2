"""Certificates that no authority signed, and a server on loopback that shows one."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from newsletter.runtime.clock import SystemClock

Files = tuple[Path, Path]
"""A certificate and its key."""


def certify(folder: Path, name: str) -> Files:
    """Write a certificate for a host name or an IP address, which lasts an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = SystemClock().now() - timedelta(minutes=5)
    host = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    builder = x509.CertificateBuilder(issuer_name=subject, subject_name=subject)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False)
    certificate, private = folder / "certificate.pem", folder / "private.key"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return certificate, private


@contextlib.contextmanager
def tls_server(files: Files, *answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Speak TLS on one connection: answer each call that is heard, and fall silent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    heard: list[bytes] = []
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            raw, _ = listener.accept()
            with raw, context.wrap_socket(raw, server_side=True) as connection:
                for answer in answers:
                    heard.append(connection.recv(65536))
                    connection.sendall(answer)
                done.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1], heard
        done.set()
        thread.join()
