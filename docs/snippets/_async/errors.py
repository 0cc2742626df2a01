"""A failed operation is a result that says so; `raise_for_error()` makes it an exception."""

from agb import AsyncAGB, CodeExecutionError


async def main() -> None:
    """Fail in three ways."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        run = await session.code.run("1 / 0", "python")
        if not run.success:
            print(run.code, "-", run.error_message)

        missing = await session.file.read("/tmp/nothing")
        print(missing.code, "-", missing.error_message)

        try:
            run.raise_for_error()
        except CodeExecutionError as error:
            print("raised:", error)
