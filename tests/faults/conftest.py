"""An AGB of these tests' own, and the proxy in front of it."""

import secrets
from collections.abc import Iterator

import pytest
from support.local import LocalAGB, running

from faults.proxy import Proxy, proxy_to


@pytest.fixture(scope="session")
def faulty_agb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAGB]:
    data_dir = tmp_path_factory.mktemp("faulty-agb")
    arguments = ("--max-sessions", "250", "--idle-timeout", "3600")
    with running(data_dir, api_key=secrets.token_urlsafe(32), arguments=arguments) as local:
        yield local


@pytest.fixture(scope="session")
def proxy(faulty_agb: LocalAGB) -> Iterator[Proxy]:
    with proxy_to(faulty_agb.endpoint) as proxy:
        yield proxy
