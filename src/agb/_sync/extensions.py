# Generated from src/agb/_async/extensions.py; edit that file, then `nox -s twin`.
"""Browser extensions, kept in a context."""

import os
import secrets
import time
from collections.abc import Sequence

from agb._extension_reading import public_extension
from agb._sync.client import AGB
from agb._transfers import zip_file
from agb.exceptions import ContextNotFoundError, InvalidParamsError
from agb.extension import Extension, ExtensionOption

_FOLDER = "/tmp/extensions"  # noqa: S108 - in the context


class ExtensionsService:
    """Browser extensions, kept in a context of the account.

    Its methods raise where something goes wrong. The context is made or found when the first of
    them is called.

    Args:
        agb: The client.
        context_name: Name of the context. Default: a new one.

    Attributes:
        context_name: Name of the context.
        context_id: Its identifier; empty until the first call.

    Example:
        ```python
        extensions = ExtensionsService(agb, "my-extensions")
        extension = extensions.create("adblock.zip")
        option = extensions.create_extension_option([extension.id])
        ```
    """

    def __init__(self, agb: AGB, context_name: str = "") -> None:
        self._agb = agb
        self._named = bool(context_name.strip())
        self.context_name: str = context_name.strip() or f"extensions-{int(time.time())}"
        self.context_id: str = ""

    def create(self, path: str | os.PathLike[str]) -> Extension:
        """Store an extension.

        Args:
            path: ZIP file on this machine.

        Returns:
            The extension with its new id.

        Raises:
            InvalidParamsError: There is no such file, or it is no ZIP file.
            AGBError: It could not be stored.
        """
        source = zip_file(path)
        extension_id = f"ext_{secrets.token_hex(16)}.zip"
        self._store(extension_id, source)
        return Extension(extension_id, source.name)

    def list(self) -> list[Extension]:
        """List the extensions in the context.

        Raises:
            AGBError: They can't be had.
        """
        files = self._agb.context.iter_files(self._context(), _FOLDER)
        return [public_extension(entry) for entry in files]

    def update(self, extension_id: str, path: str | os.PathLike[str]) -> Extension:
        """Replace an extension; its id stays.

        Args:
            extension_id: Which one.
            path: ZIP file on this machine.

        Raises:
            InvalidParamsError: There is no such extension, or no such ZIP file.
            AGBError: It could not be stored.
        """
        source = zip_file(path)
        known = {extension.id for extension in self.list()}
        if extension_id not in known:
            raise InvalidParamsError(
                f"there is no extension {extension_id!r} in context {self.context_name!r}"
            )
        self._store(extension_id, source)
        return Extension(extension_id, source.name)

    def delete(self, extension_id: str) -> bool:
        """Delete an extension.

        Args:
            extension_id: Which one.

        Returns:
            Whether it is gone.

        Raises:
            AGBError: The context can't be had.
        """
        context_id = self._context()
        deleted = self._agb.context.delete_file(context_id, f"{_FOLDER}/{extension_id}")
        return deleted.success

    def cleanup(self) -> bool:
        """Delete the context with all extensions; one that is not there is gone.

        Returns:
            Whether it is gone.
        """
        context_id = self.context_id
        if not context_id and self._named:
            found = self._agb.context.get(self.context_name)
            if not found.success:
                return isinstance(found.error, ContextNotFoundError)
            context_id = found.context_id
        return not context_id or self._agb.context.delete(context_id).success

    def create_extension_option(self, extension_ids: Sequence[str]) -> ExtensionOption:
        """Return what a `BrowserContext` wants, to load these extensions.

        Args:
            extension_ids: Which ones.
        """
        return ExtensionOption(self._context(), extension_ids)

    def _context(self) -> str:
        if not self.context_id:
            found = self._agb.context.create(self.context_name).raise_for_error()
            self.context_id = found.context_id
        return self.context_id

    def _store(self, extension_id: str, source: os.PathLike[str]) -> None:
        context_id = self._context()
        stored = self._agb.context.upload_file(context_id, source, f"{_FOLDER}/{extension_id}")
        stored.raise_for_error()
