"""Files between this machine and a session, under the first documentation's names."""

from pathlib import Path

from agb import AsyncSession, ToolNotFoundError


async def test_a_file_goes_into_the_session_and_comes_back(
    session: AsyncSession, tmp_path: Path
) -> None:
    content = bytes(range(256))
    (tmp_path / "local.bin").write_bytes(content)
    assert (await session.oss.upload_file(tmp_path / "local.bin", "remote.bin")).success
    back = tmp_path / "new" / "back.bin"
    assert (await session.oss.download_file("remote.bin", back)).success
    assert back.read_bytes() == content


async def test_files_that_are_not_there_are_named(session: AsyncSession, tmp_path: Path) -> None:
    missing = await session.oss.upload_file(tmp_path / "none", "remote.txt")
    assert missing.code == "PARAM_ERROR"
    assert "none" in missing.error_message
    gone = await session.oss.download_file("/tmp/none", tmp_path / "x")
    assert not gone.success
    await session.file.write("/tmp/there", "x")
    blocked = await session.oss.download_file("/tmp/there", tmp_path)
    assert blocked.code == "PARAM_ERROR"
    assert (await session.oss.upload_file(tmp_path / "none", "")).code == "PARAM_ERROR"


async def test_buckets_need_tools_that_the_image_lacks(session: AsyncSession) -> None:
    for result in (
        await session.oss.env_init("id", "secret", endpoint="oss.example"),
        await session.oss.upload("bucket", "object", "/tmp/x"),
        await session.oss.download("bucket", "object", "/tmp/x"),
        await session.oss.upload_anonymous("https://oss.example/x", "/tmp/x"),
        await session.oss.download_anonymous("https://oss.example/x", "/tmp/x"),
    ):
        assert isinstance(result.error, ToolNotFoundError)
