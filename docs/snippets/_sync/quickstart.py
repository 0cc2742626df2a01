# Generated from docs/snippets/_async/quickstart.py; edit that file, then `nox -s twin`.
"""A session that is deleted at the end of its block."""

from agb import AGB


def main() -> None:
    """Run code that keeps its state, and a command."""
    with AGB.local() as agb, agb.session(labels={"team": "data"}) as session:
        session.code.run("x = 6", "python")
        answer = session.code.run("x * 7", "python")
        print(answer.result)

        listing = session.command.execute("echo hello from $(pwd)")
        print(listing.output)
