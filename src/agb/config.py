"""Settings of a client. The environment and `.env` are read here and nowhere else.

Each setting is taken from the first of these that has it: an explicit argument, the process's
environment, the file `.env` in the working directory, the default.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from attrs import evolve, field

from agb._http import in_clear, usable_url
from agb._secrets import NotPickled, hidden
from agb._wire.values import frozen
from agb.exceptions import ConfigurationError

_log = logging.getLogger("agb")

DEFAULT_ENDPOINT = "https://sdk-api.agb.cloud"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2
_API_KEY = "AGB_API_KEY"
_ENDPOINT = "AGB_ENDPOINT"
_TIMEOUT_MS = "AGB_TIMEOUT_MS"
_DEFAULT_IMAGE = "AGB_DEFAULT_IMAGE"
_MAX_RETRIES = "AGB_MAX_RETRIES"
_ALLOW_HTTP = "AGB_ALLOW_HTTP"
_NAMES = {_API_KEY, _ENDPOINT, _TIMEOUT_MS, _DEFAULT_IMAGE, _MAX_RETRIES, _ALLOW_HTTP}
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_MS = 1000


def _as_url(endpoint: str) -> str:
    """Give an endpoint a scheme, and no slash at its end."""
    given = _text("endpoint", endpoint).strip()
    if not given.strip("/"):
        raise ConfigurationError(
            f"the endpoint is empty: pass endpoint= or set {_ENDPOINT}, "
            f"or leave both out for {DEFAULT_ENDPOINT}"
        )
    url = (given if "://" in given else f"https://{given}").rstrip("/")
    if any(sign in url for sign in "@?#"):  # what may be secret is not repeated
        raise ConfigurationError("the endpoint must be scheme, host, port and path alone")
    if not _is_address(url):
        raise ConfigurationError(
            f"the endpoint {endpoint!r} is no http(s) address, such as {DEFAULT_ENDPOINT}"
        )
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no port number
    except ValueError:
        return False
    odd = " " in url or not url.isprintable()
    return bool(parts.hostname) and not odd and usable_url(url)


def _as_key(api_key: str) -> str:
    """Strip a key, and refuse what no header can hold, without repeating it."""
    stripped = hidden(_text("api_key", api_key).strip())
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigurationError("the API key must be printable ASCII text without spaces")
    return stripped


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not a {type(value).__name__}")
    return value


@frozen(kw_only=True)
class Config(NotPickled):
    """Settings of a client.

    Args:
        api_key: Key of the account. Default: `AGB_API_KEY`.
        endpoint: Base address of the AGB; `https://` is put before one without a scheme.
            Default: `AGB_ENDPOINT`, else the AGB cloud.
        timeout: Seconds to wait for a connection and for an answer. A tool call waits for as
            long as the tool may run, and this much more. Default: `AGB_TIMEOUT_MS`, else 60.
        default_image: Image of sessions that are created without one. Default:
            `AGB_DEFAULT_IMAGE`, else none, so that a create without an image is refused.
        max_retries: How often a request that failed is sent again, where that is safe and there
            is time; 0 for never. Default: `AGB_MAX_RETRIES`, else 2.
        max_requests: How many requests may be under way at once; others wait for a place, in the
            order in which they came, for as long as for a connection. Default: any number.
        allow_http: Whether secrets may be sent over plain `http://` to other machines, as in a
            network that is trusted. To this machine they always may. Default:
            `AGB_ALLOW_HTTP`, else no.

    Raises:
        ConfigurationError: A value can't be used.
    """

    api_key: str = field(default="", repr=False, converter=_as_key)
    endpoint: str = field(default=DEFAULT_ENDPOINT, converter=_as_url)
    timeout: float = DEFAULT_TIMEOUT
    default_image: str | None = None
    max_retries: int = DEFAULT_MAX_RETRIES
    max_requests: int | None = None
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        if not _is_duration(self.timeout):
            raise ConfigurationError(
                f"timeout must be a number of seconds above 0, not {self.timeout!r}"
            )
        if self.default_image is not None:
            _text("default_image", self.default_image)
        if not _is_count(self.max_retries):
            raise ConfigurationError(
                f"max_retries must be a whole number, 0 or more, not {self.max_retries!r}"
            )
        if self.max_requests is not None and not (
            _is_count(self.max_requests) and self.max_requests
        ):
            raise ConfigurationError(
                f"max_requests must be a whole number, 1 or more, not {self.max_requests!r}"
            )
        if self.refuses(self.endpoint):
            raise ConfigurationError(
                f"anybody on the way to {self.endpoint} could read the API key: use https://, or "
                f"say allow_http=True or {_ALLOW_HTTP}=1 where the network is to be trusted"
            )

    def refuses(self, url: str) -> bool:
        """Tell whether nothing secret may be sent to a URL, since it could be read on the way."""
        return not self.allow_http and in_clear(url)

    @classmethod
    def resolve(
        cls,
        *,
        api_key: str | None = None,
        endpoint: str | None = None,
        timeout: float | None = None,
        default_image: str | None = None,
        max_retries: int | None = None,
        max_requests: int | None = None,
        allow_http: bool | None = None,
    ) -> Self:
        """Fill in what was not given from the environment, `.env` and the defaults.

        `.env` may hold the key, the timeout, the image and the number of retries. What
        it says of the endpoint or of `http://` is ignored: a file that lies in some directory
        must not decide where the key is sent.

        Raises:
            ConfigurationError: There is no key, or a value can't be used.
        """
        api_key = hidden(api_key)
        dotenv = _ours(_read_dotenv())
        if _ENDPOINT in dotenv and _ENDPOINT not in os.environ and endpoint is None:
            _log.warning("ignoring %s in .env: set it in the environment instead", _ENDPOINT)
        found = {**dotenv, **_ours(os.environ)}
        settings = cls(
            api_key=found.get(_API_KEY, "") if api_key is None else api_key,
            endpoint=os.environ.get(_ENDPOINT, "").strip() or DEFAULT_ENDPOINT
            if endpoint is None
            else endpoint,
            timeout=_timeout(found) if timeout is None else timeout,
            default_image=default_image or found.get(_DEFAULT_IMAGE, "").strip() or None,
            max_retries=_max_retries(found) if max_retries is None else max_retries,
            max_requests=max_requests,
            allow_http=_allow_http() if allow_http is None else allow_http,
        )
        if not settings.api_key:
            raise ConfigurationError(
                f"no API key: pass api_key=, set {_API_KEY}, or use .local() for an AGB on "
                "this machine, which needs none"
            )
        return settings

    def with_options(
        self,
        *,
        timeout: float | None = None,
        default_image: str | None = None,
        max_retries: int | None = None,
    ) -> Self:
        """Return the same settings with some changed."""
        return evolve(
            self,
            timeout=self.timeout if timeout is None else timeout,
            default_image=self.default_image if default_image is None else default_image,
            max_retries=self.max_retries if max_retries is None else max_retries,
        )


def _ours(found: Mapping[str, str]) -> dict[str, str]:
    """Pick the settings that say something: tracebacks that show values show nothing else."""
    return {
        name: hidden(value) if name == _API_KEY else value
        for name, value in found.items()
        if name in _NAMES and value.strip()
    }


def _timeout(found: Mapping[str, str]) -> float:
    text = found.get(_TIMEOUT_MS, "").strip()
    if not text:
        return DEFAULT_TIMEOUT
    try:
        return int(text) / _MS
    except ValueError:
        raise ConfigurationError(
            f"{_TIMEOUT_MS} must be a whole number of milliseconds, not {text!r}"
        ) from None


def _max_retries(found: Mapping[str, str]) -> int:
    text = found.get(_MAX_RETRIES, "").strip()
    if not text:
        return DEFAULT_MAX_RETRIES
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"{_MAX_RETRIES} must be a whole number, not {text!r}") from None


def _allow_http() -> bool:
    text = os.environ.get(_ALLOW_HTTP, "").strip().lower()
    if text not in _YES:
        raise ConfigurationError(f"{_ALLOW_HTTP} must be 1 or 0, not {text!r}")
    return _YES[text]


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _is_duration(seconds: object) -> bool:
    if isinstance(seconds, bool):
        return False
    return isinstance(seconds, (int, float)) and 0 < seconds < sys.float_info.max


def _read_dotenv() -> dict[str, str]:
    """Read the simple lines of `.env`: `NAME=value`, quotes and `export` allowed."""
    try:
        lines = Path(".env").read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    return {
        name.strip(): _unquoted(value)
        for name, equals, value in pairs
        if equals and not name.startswith("#")
    }


def _unquoted(value: str) -> str:
    """Return a value without its quotes, or without the comment behind it."""
    text = value.strip()
    for quote in ('"', "'"):
        if text.startswith(quote) and text.find(quote, 1) > 0:
            return text[1 : text.find(quote, 1)]
    return re.split(r"\s#", value, maxsplit=1)[0].strip()
