# Generated from tests/_async/test_oss.py; edit that file, then `nox -s twin`.
"""Files between this machine and a session, under the first documentation's names."""

from pathlib import Path

from agb import Session, ToolNotFoundError


def test_a_file_goes_into_the_session_and_comes_back(session: Session, tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "local.bin").write_bytes(content)
    assert session.oss.upload_file(tmp_path / "local.bin", "remote.bin").success
    back = tmp_path / "new" / "back.bin"
    assert session.oss.download_file("remote.bin", back).success
    assert back.read_bytes() == content


def test_files_that_are_not_there_are_named(session: Session, tmp_path: Path) -> None:
    missing = session.oss.upload_file(tmp_path / "none", "remote.txt")
    assert missing.code == "PARAM_ERROR"
    assert "none" in missing.error_message
    gone = session.oss.download_file("/tmp/none", tmp_path / "x")
    assert not gone.success
    session.file.write("/tmp/there", "x")
    blocked = session.oss.download_file("/tmp/there", tmp_path)
    assert blocked.code == "PARAM_ERROR"
    assert session.oss.upload_file(tmp_path / "none", "").code == "PARAM_ERROR"


def test_buckets_need_tools_that_the_image_lacks(session: Session) -> None:
    for result in (
        session.oss.env_init("id", "secret", endpoint="oss.example"),
        session.oss.upload("bucket", "object", "/tmp/x"),
        session.oss.download("bucket", "object", "/tmp/x"),
        session.oss.upload_anonymous("https://oss.example/x", "/tmp/x"),
        session.oss.download_anonymous("https://oss.example/x", "/tmp/x"),
    ):
        assert isinstance(result.error, ToolNotFoundError)
