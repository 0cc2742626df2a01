# Generated from docs/snippets/_async/processes.py; edit that file, then `nox -s twin`.
"""A process in the background outlives the call that starts it, and the client too."""

from agb import AGB


def main() -> None:
    """Follow a process, find it again by its id, and feed another."""
    with AGB.local() as agb, agb.session() as session:
        build = session.command.start("echo compiling; sleep 0.5; echo linking; exit 3")
        for piece in build.stream():
            print(piece.stream, piece.text, end="")

        again = session.command.attach(build.id)
        print("exit code", again.wait().exit_code)

        with session.command.start("sort", stdin=True) as sort:
            sort.write_stdin("pear\napple\n")
            sort.close_stdin()
            print(sort.wait(timeout=30).stdout, end="")
