# Generated from docs/snippets/_async/contexts.py; edit that file, then `nox -s twin`.
"""What a session leaves in a context, the next one finds."""

from agb import AGB, ContextSync, CreateSessionParams


def main() -> None:
    """Leave a note in one session and read it in another."""
    with AGB.local() as agb:
        project = agb.context.get("my-project", create=True).context
        assert project is not None
        params = CreateSessionParams(context_syncs=[ContextSync(project.id, "/workspace/project")])

        with agb.session(params) as session:
            session.file.write("/workspace/project/note.txt", "see you tomorrow")

        with agb.session(params) as session:
            note = session.file.read("/workspace/project/note.txt")
            print(note.content)

        for file in agb.context.iter_files(project.id):
            print(file.file_name, file.size, "bytes")
