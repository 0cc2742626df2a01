# Generated from docs/snippets/_async/directories.py; edit that file, then `nox -s twin`.
"""Whole directories, up and down, and what is in them."""

from pathlib import Path

from agb import AGB


def main() -> None:
    """Take a project into a session, build something there, and fetch the result."""
    project = Path("project")
    (project / "src").mkdir(parents=True, exist_ok=True)
    (project / "src" / "main.py").write_text("print('hello')\n")

    with AGB.local() as agb, agb.session() as session:
        session.file.upload_directory(project, "/tmp/project")
        for path in session.file.glob("/tmp/project/**/*.py").matches:
            print(path)

        build = "mkdir out && python3 src/main.py >out/log"
        session.command.execute(build, cwd="/tmp/project")
        fetched = session.file.download_directory("/tmp/project/out", project / "out")
        print(fetched.paths, (project / "out" / "log").read_text(), end="")
