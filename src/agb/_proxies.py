"""Pure: which proxy leads where."""

from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

from agb._http import is_loopback
from agb._pooling import Origin


def proxies_for(endpoint: str, own: str | None) -> "Proxies":
    """Return the proxies of a client; the environment's lead to no AGB on this machine."""
    return Proxies(own, trust_environment=not is_loopback(endpoint))


class Proxies:
    """The proxies of one client.

    Args:
        own: The one that the user gave, for all requests; or None.
        trust_environment: Whether to look for others in the environment (`HTTPS_PROXY`,
            `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) and in the settings of the system.
    """

    def __init__(self, own: str | None, *, trust_environment: bool) -> None:
        found = getproxies() if trust_environment and own is None else {}
        self._own = own
        self._by_scheme: Mapping[str, str] = {
            scheme: url if "://" in url else f"http://{url}"
            for scheme, url in found.items()
            if scheme in {"http", "https", "all"} and url
        }

    def all(self) -> set[str]:
        """Return the URLs of all of them."""
        return {*self._by_scheme.values(), *filter(None, [self._own])}

    def way_to(self, origin: Origin) -> str | None:
        """Return the URL of the proxy for an origin; None where none is between."""
        scheme, host, port = origin
        found = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        if self._own is None and found and proxy_bypass(f"{host.decode()}:{port}"):
            return None
        return self._own or found
