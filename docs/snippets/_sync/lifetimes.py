# Generated from docs/snippets/_async/lifetimes.py; edit that file, then `nox -s twin`.
"""A session that is kept alive while it is needed, and gone afterwards, whatever happens."""

from agb import AGB, deadline


def main() -> None:
    """Hold a lease, work to a deadline, and look for what others have left."""
    with AGB.local(max_sessions=5) as agb:
        with agb.session(lease=60) as session:
            with deadline(30):
                session.file.write("numbers.txt", "1 2 3")
                answer = session.code.run(
                    "print(sum(map(int, open('numbers.txt').read().split())))", "python"
                )
            print(answer.result.strip())
        found = agb.reap(dry_run=True)
        print(len(found.sessions), "sessions were abandoned")
