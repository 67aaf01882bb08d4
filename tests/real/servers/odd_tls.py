"""A TLS 1.2 server with properties that current libraries do not offer. It has no SMTP: any data over TLS ends the session.

    odd_tls.py PORT CERT KEY dhe PRIME_FILE           DHE only, with the parameters of that file (Python's ssl module)
    odd_tls.py PORT CERT KEY without EXTENSION...     a ServerHello without these extensions, by number (tlslite-ng)
    odd_tls.py PORT CERT KEY by-name NAME ALERT       alert ALERT to every client that does not send this server name
"""

import socket
import ssl
import sys

port, certificate, key, mode, *rest = sys.argv[1:]


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def dhe(connection):
    made = context()
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    # The security level must be set first, because the default level also rejects a short prime on the server side.
    made.set_ciphers("DHE:@SECLEVEL=0")
    made.load_dh_params(rest[0])
    with made.wrap_socket(connection, server_side=True) as session:
        session.recv(512)


def by_name(connection):
    def choose(_session, name, _context):
        return None if name == rest[0] else int(rest[1])

    made = context()
    made.sni_callback = choose
    with made.wrap_socket(connection, server_side=True) as session:
        session.recv(512)


def without(connection):
    from tlslite import messages
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

    dropped = [int(number, 0) for number in rest]
    if not hasattr(messages.ServerHello, "write_all"):
        messages.ServerHello.write_all = messages.ServerHello.write

        def write(hello):
            if hello.extensions:
                hello.extensions = [one for one in hello.extensions if one.extType not in dropped]
            return hello.write_all()

        messages.ServerHello.write = write
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 3)
    settings.useExtendedMasterSecret = 23 not in dropped
    with open(certificate, encoding="ascii") as chain, open(key, encoding="ascii") as private:
        certificates = X509CertChain()
        certificates.parsePemList(chain.read())
        session = TLSConnection(connection)
        session.handshakeServer(
            certChain=certificates, privateKey=parsePEMKey(private.read(), private=True), settings=settings
        )
    session.read(max=512, min=1)
    session.close()


modes = {"dhe": dhe, "without": without, "by-name": by_name}
listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    connected, _ = listener.accept()
    try:
        modes[mode](connected)
    except Exception as error:  # Some clients are expected to reject the handshake.
        print(error, flush=True)
    finally:
        connected.close()
