"""Another transport handed to every client of tasks that names none."""

import os
from functools import wraps
from typing import Any

import pytest
from httpx_aiohttp import AiohttpTransport

from agb import AsyncAGB

OVER_AIOHTTP = os.environ.get("AGB_TEST_TRANSPORT") == "aiohttp"
"""Whether that is to be so; aiohttp does not run on trio."""

_ONES_OWN = ("transport", "http_client", "proxy")

about_the_pool = pytest.mark.skipif(
    OVER_AIOHTTP, reason="it is about the pool, which a transport that is handed in replaces"
)
"""For tests of connections, and of what goes over them."""


def hand_in_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients send through aiohttp, unless they are told what to send through."""
    make = AsyncAGB.__init__

    @wraps(make)
    def init(agb: AsyncAGB, *args: Any, **options: Any) -> None:
        if all(options.get(name) is None for name in _ONES_OWN):
            options["transport"] = AiohttpTransport(verify=options.get("verify", True))
        make(agb, *args, **options)

    monkeypatch.setattr(AsyncAGB, "__init__", init)
