"""What a session leaves in a context, the next one finds."""

from agb import AsyncAGB, ContextSync, CreateSessionParams


async def main() -> None:
    """Leave a note in one session and read it in another."""
    async with AsyncAGB.local() as agb:
        project = (await agb.context.get("my-project", create=True)).context
        assert project is not None
        params = CreateSessionParams(context_syncs=[ContextSync(project.id, "/workspace/project")])

        async with agb.session(params) as session:
            await session.file.write("/workspace/project/note.txt", "see you tomorrow")

        async with agb.session(params) as session:
            note = await session.file.read("/workspace/project/note.txt")
            print(note.content)

        async for file in agb.context.iter_files(project.id):
            print(file.file_name, file.size, "bytes")
