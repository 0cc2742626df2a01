"""Short texts that leave the server and come back only as they left."""

import base64
import binascii
import hashlib
import hmac
import os

_MAC_BYTES = 16


class Seals:
    """Seals texts with a secret that lives as long as this object."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)

    def seal(self, purpose: str, text: str) -> str:
        """Turn a text into an opaque token, good in URLs, for one purpose."""
        data = text.encode()
        return base64.urlsafe_b64encode(self._mac(purpose, data) + data).decode().rstrip("=")

    def open(self, purpose: str, token: str) -> str | None:
        """Give back the text of a token, or None if it was not sealed here for that purpose."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (ValueError, binascii.Error):
            return None
        mac, data = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        return data.decode() if hmac.compare_digest(mac, self._mac(purpose, data)) else None

    def _mac(self, purpose: str, data: bytes) -> bytes:
        message = purpose.encode() + b"\0" + data
        return hmac.new(self._secret, message, hashlib.sha256).digest()[:_MAC_BYTES]
