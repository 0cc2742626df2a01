"""Pure: TLS over bytes that travel otherwise.

Several threads share one connection, and a connection of OpenSSL's may be used by one of them at
a time only, not for reading by one and for writing by another: here nothing waits, so a lock does.
"""

import ssl

_PLAIN = 64 * 1024


class Encryption:
    """What encrypts a connection, from its handshake to its end.

    Args:
        context: Whom to trust.
        host: Name that the other side must prove.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    @property
    def to_send(self) -> int:
        """How many bytes wait to be sent, beside those that are still to be sealed."""
        return self._outgoing.pending

    def agree(self, data: bytes | None = None) -> bool:
        """Take a step of the handshake, with what came; tell whether it was the last one.

        Raises:
            OSError: The other side is not who it must be, or does not speak TLS.
        """
        if data is not None:
            self._take(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def seal(self, data: bytes) -> bytes:
        """Encrypt what is to be sent, and return it with all that waits to be sent."""
        for start in range(0, len(data), _PLAIN):
            self._tls.write(data[start : start + _PLAIN])
        return self._outgoing.read()

    def unseal(self, data: bytes) -> tuple[bytes, bool]:
        """Return what came in plain, and whether it was the end.

        Raises:
            OSError: It is not what the other side sent.
        """
        if not data:
            return b"", True
        self._take(data)
        plain: list[bytes] = []
        try:
            while piece := self._tls.read(_PLAIN):
                plain.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(plain), False
        except ssl.SSLZeroReturnError:
            pass
        return b"".join(plain), True

    def _take(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
