# Generated from src/agb/_async/low_level.py; edit that file, then `nox -s twin`.
"""The door to calls of the API that have no method."""

from collections.abc import Mapping
from typing import Any

from agb._failures import json_answer
from agb._sync.transport import Transport


class Client:
    """Makes API calls that have no method of their own. Prefer the methods where there is one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Make a call, with the API key.

        Args:
            method: `GET` or `POST`.
            path: Path below the endpoint, such as `/mcp/getSession`.
            query: Fields in the query string.
            body: Fields in the JSON body.

        Returns:
            The answer's JSON object, whether it says yes or no.

        Raises:
            APIConnectionError: No answer came.
            UnexpectedResponseError: The answer is not a JSON object.
        """
        sent = None if body is None else dict(body)
        response = self._transport.send(method, path, query, sent)
        return json_answer(response.status_code, response.content)
