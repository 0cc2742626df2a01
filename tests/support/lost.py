"""Real transports that carry a request out and then lose the answer."""

import httpx


class _Losses:
    def __init__(self, word: bytes, times: int) -> None:
        self.word = word
        self.left = times
        self.sent = 0

    def loses(self, request: httpx.Request) -> bool:
        if self.word not in request.content:
            return False
        self.sent += 1
        self.left -= 1
        return self.left >= 0


class AsyncLosing(httpx.AsyncHTTPTransport):
    def __init__(self, word: bytes, times: int) -> None:
        super().__init__()
        self.losses = _Losses(word, times)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.losses.loses(request):
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("the connection broke")
        return response


class Losing(httpx.HTTPTransport):
    def __init__(self, word: bytes, times: int) -> None:
        super().__init__()
        self.losses = _Losses(word, times)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self.losses.loses(request):
            response.read()
            response.close()
            raise httpx.ReadError("the connection broke")
        return response
