"""The MCP tools that an AGB offers: name, server, arguments.

The client builds the arguments from these classes; an AGB validates against the JSON schemas
that `input_schema` derives from them. The texts that tools answer with are in `texts` and `code`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import field

from agb._wire.codec import ToolArguments, wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class Tool:
    """A tool as the contract knows it."""

    name: str
    server: str
    description: str
    arguments: type[ToolArguments]


_PATH = wire(doc="Absolute path, or one relative to the default directory.", minLength=1)


@frozen(kw_only=True)
class RunCodeArguments(ToolArguments):
    """Arguments of `run_code`."""

    code: str = field(metadata=wire(doc="Source text."))
    language: Literal["python", "javascript", "java", "r"] = field(
        metadata=wire(doc="Language of the code.")
    )
    timeout_s: int = field(default=60, metadata=wire(doc="Limit in seconds.", minimum=1))


@frozen(kw_only=True)
class ShellArguments(ToolArguments):
    """Arguments of `shell`."""

    command: str = field(metadata=wire(doc="Command line for a fresh shell.", minLength=1))
    timeout_ms: int = field(default=1000, metadata=wire(doc="Limit in milliseconds.", minimum=1))
    cwd: str | None = field(default=None, metadata=wire(doc="Directory to run in."))
    envs: Mapping[str, str] | None = field(
        default=None, metadata=wire(doc="Further environment variables.")
    )


@frozen(kw_only=True)
class PathArguments(ToolArguments):
    """Arguments of the tools that need a path and no more."""

    path: str = field(metadata=_PATH)


@frozen(kw_only=True)
class Edit(ToolArguments):
    """One replacement: the old text must be there exactly as written."""

    old_text: str = field(metadata=wire("oldText", doc="Text to find.", minLength=1))
    new_text: str = field(metadata=wire("newText", doc="Text to put in its place."))


@frozen(kw_only=True)
class EditFileArguments(ToolArguments):
    """Arguments of `edit_file`."""

    path: str = field(metadata=_PATH)
    edits: Sequence[Edit] = field(metadata=wire(doc="Replacements, applied in order."))
    dry_run: bool = field(
        default=False, metadata=wire("dryRun", doc="Show the diff, change nothing.")
    )


@frozen(kw_only=True)
class MoveFileArguments(ToolArguments):
    """Arguments of `move_file`."""

    source: str = field(metadata=wire(doc="What to move.", minLength=1))
    destination: str = field(metadata=wire(doc="Its new path.", minLength=1))


@frozen(kw_only=True)
class ReadFileArguments(ToolArguments):
    """Arguments of `read_file`."""

    path: str = field(metadata=_PATH)
    offset: int | None = field(default=None, metadata=wire(doc="First byte.", minimum=0))
    length: int | None = field(default=None, metadata=wire(doc="Number of bytes.", minimum=0))
    format: Literal["binary"] | None = field(
        default=None, metadata=wire(doc="`binary` answers in base64; otherwise as text.")
    )


@frozen(kw_only=True)
class WriteFileArguments(ToolArguments):
    """Arguments of `write_file`."""

    path: str = field(metadata=_PATH)
    content: str = field(metadata=wire(doc="Text to write."))
    mode: Literal["overwrite", "append", "create_new"] = field(
        default="overwrite", metadata=wire(doc="What to do with a file that is there.")
    )


@frozen(kw_only=True)
class ReadMultipleFilesArguments(ToolArguments):
    """Arguments of `read_multiple_files`."""

    paths: Sequence[str] = field(metadata=wire(doc="Files to read."))


@frozen(kw_only=True)
class SearchFilesArguments(ToolArguments):
    """Arguments of `search_files`."""

    path: str = field(metadata=_PATH)
    pattern: str = field(metadata=wire(doc="Glob or plain word.", minLength=1))
    exclude_patterns: Sequence[str] | None = field(
        default=None, metadata=wire("excludePatterns", doc="Globs to leave out.")
    )


@frozen(kw_only=True)
class NoArguments(ToolArguments):
    """Arguments of the tools that take none."""


RUN_CODE = Tool(
    name="run_code",
    server="wuying_codespace",
    description="Run code in the session; state is kept from one run to the next, per language.",
    arguments=RunCodeArguments,
)
SHELL = Tool(
    name="shell",
    server="wuying_shell",
    description="Run a command in a fresh shell of the session.",
    arguments=ShellArguments,
)
CREATE_DIRECTORY = Tool(
    name="create_directory",
    server="wuying_filesystem",
    description="Make a directory and its parents.",
    arguments=PathArguments,
)
EDIT_FILE = Tool(
    name="edit_file",
    server="wuying_filesystem",
    description="Replace exact pieces of a text file; all of them or none.",
    arguments=EditFileArguments,
)
GET_FILE_INFO = Tool(
    name="get_file_info",
    server="wuying_filesystem",
    description="Tell size, kind, mode, owner and time of a file or directory.",
    arguments=PathArguments,
)
LIST_DIRECTORY = Tool(
    name="list_directory",
    server="wuying_filesystem",
    description="List the entries of a directory.",
    arguments=PathArguments,
)
MOVE_FILE = Tool(
    name="move_file",
    server="wuying_filesystem",
    description="Move or rename a file or directory.",
    arguments=MoveFileArguments,
)
DELETE_FILE = Tool(
    name="delete_file",
    server="wuying_filesystem",
    description="Remove a file, or a directory with all it holds.",
    arguments=PathArguments,
)
READ_FILE = Tool(
    name="read_file",
    server="wuying_filesystem",
    description="Read a file or a range of its bytes, as text or as base64.",
    arguments=ReadFileArguments,
)
WRITE_FILE = Tool(
    name="write_file",
    server="wuying_filesystem",
    description="Write text to a file.",
    arguments=WriteFileArguments,
)
READ_MULTIPLE_FILES = Tool(
    name="read_multiple_files",
    server="wuying_filesystem",
    description="Read several text files at once.",
    arguments=ReadMultipleFilesArguments,
)
SEARCH_FILES = Tool(
    name="search_files",
    server="wuying_filesystem",
    description="Find files by name below a directory.",
    arguments=SearchFilesArguments,
)
GET_FILE_CHANGE = Tool(
    name="get_file_change",
    server="wuying_filesystem",
    description="Tell what changed below a path since the last call for it.",
    arguments=PathArguments,
)
GET_METRICS = Tool(
    name="get_metrics",
    server="wuying_system",
    description="Tell what the session uses of processor, memory, disk and network.",
    arguments=NoArguments,
)

TOOLS: tuple[Tool, ...] = (
    RUN_CODE,
    SHELL,
    CREATE_DIRECTORY,
    EDIT_FILE,
    GET_FILE_INFO,
    LIST_DIRECTORY,
    MOVE_FILE,
    DELETE_FILE,
    READ_FILE,
    WRITE_FILE,
    READ_MULTIPLE_FILES,
    SEARCH_FILES,
    GET_FILE_CHANGE,
    GET_METRICS,
)
