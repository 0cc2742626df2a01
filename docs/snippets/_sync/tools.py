# Generated from docs/snippets/_async/tools.py; edit that file, then `nox -s twin`.
"""MCP tools are called by name; every part of their answer can be had."""

from agb import AGB


def main() -> None:
    """List the tools of a session and call one."""
    with AGB.local() as agb, agb.session() as session:
        listed = session.list_mcp_tools()
        shell = next(tool for tool in listed.tools if tool.name == "shell")
        print(shell.description, shell.input_schema["required"])

        called = session.call_mcp_tool("list_directory", {"path": "/"})
        for part in called.content:
            print(part.type, part.text)
