"""An AGB for each kind of sandbox, shared by all that is tried there."""

from collections.abc import Iterator

import pytest

from local.escapes.places import Place, place


@pytest.fixture(scope="package")
def somewhere(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An AGB with sandboxes of a kind, and small limits."""
    with place(request.param) as found:
        yield found
