"""`AsyncAGB` with httpx2 standing in for httpx."""

import httpx2

httpx2.alias_httpx()  # before anything imports httpx

from clients.ours_async import Client as Client  # noqa: E402, PLC0414 - told by this module's name
