"""`AsyncAGB` through httpx's own transport."""

import httpx

from clients import ours_async


class Client(ours_async.Client):
    """Keeps as many connections as the pool does."""

    def __init__(self, endpoint: str) -> None:
        limits = httpx.Limits(max_connections=1000, max_keepalive_connections=1000)
        super().__init__(endpoint, transport=httpx.AsyncHTTPTransport(limits=limits))
