"""An AGB that takes the key of the documents, seen by a reader who set what they tell to set."""

from collections.abc import Iterator

import pytest
from support.local import LocalAGB, running
from support.reading import WAYS, Reader

from agb import AGB, Session

PLACEHOLDER = "your_api_key"


@pytest.fixture(scope="session")
def documented_agb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAGB]:
    with running(tmp_path_factory.mktemp("documented-agb"), api_key=PLACEHOLDER) as local:
        yield local


@pytest.fixture
def agb(documented_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch) -> Iterator[AGB]:
    monkeypatch.setenv("AGB_API_KEY", documented_agb.api_key)
    monkeypatch.setenv("AGB_ENDPOINT", documented_agb.endpoint)
    with AGB() as agb:
        yield agb
        for session in agb.iter_sessions():
            session.delete(wait=False).raise_for_error()
        for context in list(agb.context.iter()):
            agb.context.delete(context).raise_for_error()


@pytest.fixture
def session(agb: AGB) -> Iterator[Session]:
    with agb.session(image_id="agb-code-space-1") as session:
        yield session


@pytest.fixture(params=WAYS)
def read(request: pytest.FixtureRequest, agb: AGB, monkeypatch: pytest.MonkeyPatch) -> Reader:  # noqa: ARG001 - sets the environment
    return Reader(request.param, monkeypatch)
