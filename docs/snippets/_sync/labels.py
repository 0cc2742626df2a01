# Generated from docs/snippets/_async/labels.py; edit that file, then `nox -s twin`.
"""Sessions are found by their labels."""

from agb import AGB, CreateSessionParams


def main() -> None:
    """Create two sessions, find one, delete both."""
    with AGB.local() as agb:
        agb.create(CreateSessionParams(labels={"team": "data", "stage": "dev"}))
        agb.create(CreateSessionParams(labels={"team": "data", "stage": "prod"}))

        found = agb.list(labels={"stage": "prod"})
        print(found.total_count, "in production")

        for session in agb.iter_sessions(labels={"team": "data"}):
            session.update_labels({"stage": "done"})
            session.delete()
        print(agb.list(labels={"team": "data"}).total_count, "left")
