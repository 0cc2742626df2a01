"""The client: creates, finds and deletes sessions."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agb import _checks, results
from agb._async.creation import AsyncCreation
from agb._async.keeping import AsyncKeeper
from agb._async.listing import AsyncListing
from agb._async.live_sessions import AsyncLiveSessions
from agb._async.low_level import AsyncClient
from agb._async.reported import reported
from agb._async.scope import AsyncSessionScope
from agb._async.session import AsyncBaseSession, AsyncSession
from agb._async.transport import AsyncConnections, AsyncTransport
from agb._creating import create_request
from agb._deadline import Deadline
from agb._http import AsyncHTTPClient, AsyncHTTPTransport
from agb._roster import Roster
from agb._secrets import NotPickled, hidden
from agb._session_reading import public_session_data
from agb._wire import endpoints, messages
from agb._wire.answers import Answer
from agb.config import Config
from agb.exceptions import ConfigurationError, InvalidParamsError
from agb.session_params import CreateSessionParams, checked_labels

if TYPE_CHECKING:
    from agb._async.contexts import AsyncContextService
    from agb.context_sync import ContextSync
    from agb.session_params import BrowserContext


class AsyncAGB(NotPickled):
    """A client of an AGB. One serves a whole program; close it, or use it as a block.

    Args:
        api_key: Key of the account. Default: `AGB_API_KEY` from the environment or `.env`.
        endpoint: Base address of the AGB. Default: `AGB_ENDPOINT` from the environment, else
            the AGB cloud.
        timeout: Seconds to wait for a connection and for an answer. Default:
            `AGB_TIMEOUT_MS`, else 60.
        default_image: Image of sessions that are created without one. Default:
            `AGB_DEFAULT_IMAGE`, else none.
        max_retries: How often a request that failed is sent again, where that is safe and there
            is time; 0 for never. Default: `AGB_MAX_RETRIES`, else 2.
        max_requests: How many requests may be under way at once; others wait for a place.
            Default: any number.
        allow_http: Whether plain `http://` may lead to other machines. Default:
            `AGB_ALLOW_HTTP` from the environment, else no.
        config: All of these at once, in place of them; nothing is then read from elsewhere.
        max_sessions: So many sessions that this client created may be there at once; a create
            beyond that waits until one is deleted or has ended. Default: any number.
        cleanup_at_exit: Whether to delete the sessions that this client created when the program
            ends without having done so: when the interpreter exits, and on SIGTERM where that
            would kill the program (a handler that you have set stays in place, and none is set
            by a client that is made in another thread than the main one). It takes 20 s at
            most, over a connection of its own, which knows `proxy` and `verify` but neither
            `http_client` nor `transport`; what is left is logged. Default: False.
        http_client: An httpx client of your own to send through. It stays yours to close.
        transport: An httpx transport of your own, in place of `http_client`.
        proxy: URL of the proxy that requests go through, such as `http://user:pass@host:3128`.
            Default: as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
        verify: A TLS context of your own, for whom to trust; `False` asks for no certificates.

    Raises:
        ConfigurationError: There is no key, or a value can't be used.

    Example:
        ```python
        async with AsyncAGB.local() as agb:
            async with agb.session(labels={"team": "data"}) as session:
                answer = await session.code.run("6 * 7", "python")
                print(answer.result)
        ```
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        endpoint: str | None = None,
        timeout: float | None = None,
        default_image: str | None = None,
        max_retries: int | None = None,
        max_requests: int | None = None,
        allow_http: bool | None = None,
        config: Config | None = None,
        max_sessions: int | None = None,
        cleanup_at_exit: bool = False,
        http_client: AsyncHTTPClient | None = None,
        transport: AsyncHTTPTransport | None = None,
        proxy: str | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        if http_client is not None and transport is not None:
            raise ConfigurationError("give http_client or transport, not both")
        if proxy is not None and (http_client or transport):
            raise ConfigurationError("give the proxy to your own http_client or transport")
        api_key = hidden(api_key)
        given = (api_key, endpoint, timeout, default_image, max_retries, max_requests, allow_http)
        if config is not None and any(value is not None for value in given):
            raise ConfigurationError("config holds all settings: give it alone")
        settings = config or Config.resolve(
            api_key=api_key,
            endpoint=endpoint,
            timeout=timeout,
            default_image=default_image,
            max_retries=max_retries,
            max_requests=max_requests,
            allow_http=allow_http,
        )
        if not settings.api_key:
            raise ConfigurationError("config has no api_key")
        connections = AsyncConnections(
            http_client=http_client,
            transport=transport,
            endpoint=settings.endpoint,
            proxy=proxy,
            verify=verify,
            max_requests=settings.max_requests,
        )
        most = None if max_sessions is None else _checks.at_least_one("max_sessions", max_sessions)
        roster = Roster() if cleanup_at_exit else None
        self.live: AsyncLiveSessions = AsyncLiveSessions(most, roster)
        self.keeper: AsyncKeeper = AsyncKeeper()
        self._use(connections, settings)
        if roster is not None:
            from agb._cleanup import AT_EXIT, Way  # noqa: PLC0415 - few programs wish for it

            AT_EXIT.add(roster, Way(settings, connections.tls, proxy))

    @classmethod
    def local(
        cls,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        timeout: float | None = None,
        default_image: str = "code_latest",
        max_sessions: int | None = None,
        max_requests: int | None = None,
        options: Sequence[str] = (),
    ) -> Self:
        """Start an AGB on this machine, and return a client of it that stops it when closed.

        It needs no key and no network; `pip install 'agb[local]'` installs what it needs.

        Args:
            data_dir: Where it keeps its files. Default: the user's data directory.
            timeout: As for the client itself.
            default_image: Likewise.
            max_sessions: Likewise.
            max_requests: Likewise.
            options: Further options of `agb local`, such as `("--max-sessions", "10")`.

        Raises:
            MissingExtraError: A package that it needs is not installed.
        """
        from agb import _embedded  # noqa: PLC0415 - starts programs

        key = _embedded.new_key()
        agb = cls(
            config=Config.resolve(
                api_key=key,
                endpoint=_embedded.EMBEDDED_ENDPOINT,
                timeout=timeout,
                default_image=default_image,
                max_requests=max_requests,
            ),
            max_sessions=max_sessions,
        )
        agb.transport.connections.server = _embedded.EmbeddedServer(
            api_key=key, data_dir=data_dir, arguments=options
        )
        return agb

    def with_options(
        self,
        *,
        timeout: float | None = None,
        default_image: str | None = None,
        max_retries: int | None = None,
    ) -> Self:
        """Return a client with other options on the same connections.

        Closing either closes both, and `max_sessions` counts the sessions of both.

        Args:
            timeout: Seconds to wait for a connection and for an answer. Default: unchanged.
            default_image: Image of sessions that are created without one. Default: unchanged.
            max_retries: How often a request is sent again. Default: unchanged.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._use(
            self.transport.connections,
            self.config.with_options(
                timeout=timeout, default_image=default_image, max_retries=max_retries
            ),
        )
        return other

    def _use(self, connections: AsyncConnections, config: Config) -> None:
        self.transport: AsyncTransport = AsyncTransport(connections, config)
        self.client: AsyncClient = AsyncClient(self.transport)
        self._listing = AsyncListing(self.transport)
        vars(self).pop("context", None)  # one of the client that this one was made of

    @cached_property
    def context(self) -> AsyncContextService:
        """Contexts of the account."""
        from agb._async.contexts import AsyncContextService  # noqa: PLC0415 - few programs need it

        return AsyncContextService(self.transport)

    @property
    def config(self) -> Config:
        """The settings of this client."""
        return self.transport.config

    @property
    def api_key(self) -> str:
        """Key of the account."""
        return self.config.api_key

    @property
    def endpoint(self) -> str:
        """Base address of the AGB; of one on this machine, once it is ready."""
        return self.transport.connections.known_endpoint or self.config.endpoint

    @property
    def timeout_ms(self) -> int:
        """Milliseconds to wait for a connection and for an answer."""
        return round(self.config.timeout * 1000)

    def __repr__(self) -> str:
        made = "transport" in vars(self)  # a traceback may show one that could not be made
        return f"<{type(self).__name__} {self.endpoint if made else 'not made'}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, and stop the AGB that `local()` started.

        Sessions of an AGB in the cloud live on; delete those that you don't need.
        """
        await self.transport.connections.aclose()
        if self.live.roster is not None:
            from agb._cleanup import AT_EXIT  # noqa: PLC0415 - likewise

            AT_EXIT.client_closed(self.live.roster)

    @reported
    async def create(
        self,
        params: CreateSessionParams | None = None,
        *,
        timeout: float = 300.0,  # noqa: ASYNC109 - bounds the waiting, not the call
    ) -> results.SessionResult[AsyncSession]:
        """Create a session.

        Args:
            params: What to create it with. Default: the client's `default_image`, no labels.
            timeout: Seconds to wait for a place, and until its contexts are there.

        Returns:
            The session as `session`. It failed with an `InvalidParamsError` (code
            `PARAM_ERROR`) when there is no image, with an `ImageNotFoundError` when the
            account has no such image, with a `QuotaExceededError` when the account is full.
            When a context does not come, the session is deleted again, and it failed with a
            `ContextSyncError` that names context, path and cause. When there was no place among
            `max_sessions` in time, it failed with a `SessionLimitError`.

            When the answer is lost, the session is looked for and returned all the same; one
            that was created for a call that failed or was cancelled is deleted. What may be
            left nevertheless is named in the error, and logged.
        """
        deadline = Deadline(_checks.seconds("timeout", timeout))
        request = create_request(params or CreateSessionParams(), self.config.default_image)
        return await AsyncCreation(self, request).run(deadline)

    def session(
        self,
        params: CreateSessionParams | None = None,
        *,
        image_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        context_syncs: Sequence[ContextSync] | None = None,
        browser_context: BrowserContext | None = None,
        policy_id: str | None = None,
        idle_release_timeout: int | None = None,
        keep_alive: bool = True,
        lease: float | None = None,
    ) -> AsyncSessionScope:
        """Open a block with a session of its own, which is always deleted at its end.

        While the block is open, the session's idle time is started anew in the background: a third
        of `idle_release_timeout` apart, else every 60 s. A warning is logged 5 minutes before the
        AGB ends the session whatever it does (`expires_at`).

        Args:
            params: What to create it with, in place of the other arguments.
            image_id: As in `CreateSessionParams`, like the others.
            labels: Strings to find the session by.
            context_syncs: Contexts to mount.
            browser_context: Browser data to mount.
            policy_id: Policy to apply.
            idle_release_timeout: Seconds without a request until it is released.
            keep_alive: Whether to keep it from being released while it is not used.
            lease: Seconds, from 1 to 1,000,000,000, after which others may take it for abandoned.
                It is renewed in the background, so that only a session whose owner was killed is
                ever found by `reap`. Default: `reap` never finds it.

        Raises:
            AGBError: On entry, when the session can't be had; on exit, when it can't be deleted
                (unless the block itself raised: then the error gets a note).

        Example:
            ```python
            async with agb.session(image_id="agb-code-space-1") as session:
                await session.command.execute("echo hello")
            ```
        """
        return AsyncSessionScope(
            self,
            params
            or CreateSessionParams(
                labels,
                image_id,
                context_syncs,
                browser_context,
                policy_id=policy_id,
                idle_release_timeout=idle_release_timeout,
            ),
            keep_alive=keep_alive,
            lease=_checks.lease(lease),
        )

    @reported
    async def get(self, session_id: str) -> results.SessionResult[AsyncSession]:
        """Get a handle to a session that is there.

        Args:
            session_id: Identifier of the session.

        Returns:
            The session as `session`. It failed with a `SessionNotFoundError` when it is gone.
        """
        answer = await self._get(session_id)
        session = AsyncSession.from_data(self, answer.data)
        return results.SessionResult(request_id=answer.request_id, session=session)

    @reported
    async def get_session(self, session_id: str) -> results.GetSessionResult:
        """Ask what the AGB knows about a session.

        Args:
            session_id: Identifier of the session.

        Returns:
            Its data as `data`.
        """
        answer = await self._get(session_id)
        return results.GetSessionResult(
            request_id=answer.request_id, data=public_session_data(answer.data)
        )

    async def _get(self, session_id: str) -> Answer[messages.SessionData]:
        request = messages.SessionRequest(session_id=_checks.non_blank("session_id", session_id))
        return await self.transport.call(endpoints.GET_SESSION, request, session_id=session_id)

    @reported
    async def list(
        self,
        labels: Mapping[str, str] | None = None,
        page: int | None = None,
        limit: int | None = None,
        *,
        next_token: str | None = None,
    ) -> results.SessionListResult[AsyncSession]:
        """List active sessions of the account, newest first, a page at a time.

        Args:
            labels: Only sessions that carry all of these. Default: all sessions.
            page: Number of the page, from 1. Default: 1.
            limit: Sessions a page at most. Default: 10.
            next_token: Opens the page after the one that had it, in place of `page`.

        Returns:
            The page: a sequence of session handles, and their ids as `session_ids`. It failed
            with a `PageNotFoundError` when there are fewer pages.
        """
        wanted = {} if labels is None else checked_labels(labels)
        size = 10 if limit is None else _checks.at_least_one("limit", limit)
        number = 1 if page is None else _checks.at_least_one("page", page)
        if next_token is not None:
            if page is not None:
                raise InvalidParamsError("give page or next_token, not both")
            return self._as_result(await self._listing.page(wanted, size, next_token), size)
        return self._as_result(await self._listing.numbered(wanted, size, number), size)

    def _as_result(
        self, answer: Answer[messages.SessionPage], limit: int
    ) -> results.SessionListResult[AsyncSession]:
        page = answer.data
        ids = tuple(line.session_id for line in page.data if line.session_id)
        return results.SessionListResult(
            request_id=answer.request_id,
            sessions=tuple(AsyncSession(self, session_id) for session_id in ids),
            session_ids=ids,
            next_token=page.next_token,
            max_results=limit if page.max_results is None else page.max_results,
            total_count=page.count,
        )

    async def iter_sessions(
        self, labels: Mapping[str, str] | None = None, *, limit: int = 100
    ) -> AsyncIterator[AsyncSession]:
        """Iterate over the active sessions of all pages, newest first.

        Args:
            labels: Only sessions that carry all of these. Default: all sessions.
            limit: Sessions to ask for at a time.

        Raises:
            AGBError: A page can't be had.

        Example:
            ```python
            async for session in agb.iter_sessions(labels={"team": "data"}):
                print(session.session_id)
            ```
        """
        token = ""
        while True:
            page = (await self.list(labels, limit=limit, next_token=token)).raise_for_error()
            for session in page:
                yield session
            token = page.next_token
            if not token:
                return

    @reported
    async def reap(self, *, dry_run: bool = False, grace: float = 30.0) -> results.ReapResult:
        """Delete what owners that were killed have left: sessions whose lease has run out.

        Only sessions that were opened with a `lease` are found. On the machine of the owner,
        a session is also found as soon as the owner's process has ended (on Linux).

        Args:
            dry_run: Whether to delete nothing, only to tell.
            grace: Seconds that a lease must have run out for, since clocks of machines differ.

        Returns:
            What was found as `sessions`. It failed when a session could not be deleted.
        """
        from agb._async.reaping import AsyncReaper  # noqa: PLC0415 - few programs need it

        reaper = AsyncReaper(self, dry_run=dry_run, grace=_checks.at_least("grace", grace, 0))
        return await reaper.run()

    @reported
    async def delete(
        self,
        session: AsyncBaseSession | str,
        sync_context: bool = False,
        *,
        wait: bool = True,
        timeout: float = 60.0,  # noqa: ASYNC109 - bounds the waiting, not the call
    ) -> results.DeleteResult:
        """Delete a session. One that is gone already counts as deleted.

        Args:
            session: The session, or its id.
            sync_context: Whether to bring all mounted contexts up to date first. When that
                fails, the session is not deleted, since its files would be lost.
            wait: Whether to wait until the AGB has released it.
            timeout: Seconds that all of it may take.

        Returns:
            Whether it is gone. It failed with a `WaitTimeoutError` when it is still going.
        """
        if isinstance(session, str):
            session = AsyncSession(self, _checks.non_blank("session", session))
        _checks.instance("session", session, AsyncBaseSession, "a session or its id")
        return await session.delete(sync_context, wait=wait, timeout=timeout)
