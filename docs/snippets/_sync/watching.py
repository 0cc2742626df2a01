# Generated from docs/snippets/_async/watching.py; edit that file, then `nox -s twin`.
"""What changes in a session, told as it happens."""

from agb import AGB


def main() -> None:
    """Start a job, and take its results as they appear."""
    with AGB.local() as agb, agb.session() as session:
        session.file.mkdir("/tmp/results")
        with session.file.watch("/tmp/results", interval=0.1) as changes:
            session.command.execute("cd /tmp/results; touch first second done")
            for change in changes:
                print(change.event_type, change.path)
                if change.path.endswith("second"):
                    break
