"""A server with somebody on the way: behind the plain answer to STARTTLS come words for later.

Arguments: certificate, key. Prints its port, then a line when a handshake succeeded.
"""

import socket
import ssl
import sys

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    plain.sendall(b"220 mail.test\r\n")
    plain.recv(1000)
    plain.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
    plain.recv(1000)
    plain.sendall(
        b"220 go ahead\r\n"
        b"250 mail.test\r\n250 sender\r\n250 recipient\r\n354 go\r\n250 queued, or so it seems\r\n"
    )
    try:
        with context.wrap_socket(plain, server_side=True) as secure:
            print("handshake", flush=True)
            while secure.recv(1000):
                pass
    except OSError:
        pass
