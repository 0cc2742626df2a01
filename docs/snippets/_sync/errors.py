# Generated from docs/snippets/_async/errors.py; edit that file, then `nox -s twin`.
"""A failed operation is a result that says so; `raise_for_error()` makes it an exception."""

from agb import AGB, CodeExecutionError


def main() -> None:
    """Fail in three ways."""
    with AGB.local() as agb, agb.session() as session:
        run = session.code.run("1 / 0", "python")
        if not run.success:
            print(run.code, "-", run.error_message)

        missing = session.file.read("/tmp/nothing")
        print(missing.code, "-", missing.error_message)

        try:
            run.raise_for_error()
        except CodeExecutionError as error:
            print("raised:", error)
