"""Real transports that note what goes through them."""

import httpx


class _Notes:
    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.connections: set[object] = set()

    def note(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        self.requests.append(request)
        stream = response.extensions["network_stream"]
        self.connections.add(stream.get_extra_info("client_addr"))
        return response


class AsyncWiretap(httpx.AsyncHTTPTransport):
    def __init__(self) -> None:
        super().__init__()
        self.notes = _Notes()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.notes.note(request, await super().handle_async_request(request))


class Wiretap(httpx.HTTPTransport):
    def __init__(self) -> None:
        super().__init__()
        self.notes = _Notes()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.notes.note(request, super().handle_request(request))
