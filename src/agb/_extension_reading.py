"""Pure: extensions, as the files that they are in a context."""

from agb.extension import Extension
from agb.results import ContextFileEntry


def public_extension(entry: ContextFileEntry) -> Extension:
    """Return the extension that a file of a context is."""
    return Extension(entry.file_name, entry.file_name, entry.gmt_create)
