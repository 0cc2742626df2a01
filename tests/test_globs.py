"""Which paths a pattern means: the same as Python's own, but that links are not followed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agb import _globs

FILES = ("a", "b.py", ".dot", "d/a", "d/b.py", "d/e/c.py", "d/e/[x]", "d/e/f/b.py", "e-f/a", "ü/a")
PART = st.sampled_from(
    ("a", "d", "*", "**", "?", "*.py", "[a-c]*", "[!a]*", "e*f", "[[]x]", "[]x]*")
)


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tree")
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).touch()
    return made


@given(parts=st.lists(PART, min_size=1, max_size=4))
def test_patterns_mean_what_they_mean_to_python(top: Path, parts: list[str]) -> None:
    pattern = "/".join([*parts, "*"])  # Python tells directories alone for an ending of `**`
    there = {path.relative_to(top).as_posix() for path in top.rglob("*")}
    deep = _globs.depth(pattern)
    expected = {path.relative_to(top).as_posix() for path in top.glob(pattern)}
    assert {path for path in there if _globs.matches(pattern, path)} == expected
    assert all(deep is None or path.count("/") < deep for path in expected)


@pytest.mark.parametrize(
    ("pattern", "base", "below"),
    [
        ("/tmp/a/*.py", "/tmp/a", "*.py"),
        ("/*", "/", "*"),
        ("/", "/", ""),
        ("*.py", ".", "*.py"),
        ("a/b", "a", "b"),
        ("/tmp/**/x", "/tmp", "**/x"),
        ("/tmp/x/", "/tmp", "x"),
    ],
)
def test_a_pattern_starts_where_its_signs_do(pattern: str, base: str, below: str) -> None:
    assert _globs.split(pattern) == (base, below)


@pytest.mark.parametrize("sign", "^$.|()+{}\\-&~")
def test_other_signs_mean_themselves(sign: str) -> None:
    assert _globs.matches(f"a{sign}*", f"a{sign}b")
    assert _globs.matches(f"[{sign}]", sign)
    assert not _globs.matches(f"[{sign}]", "x")
    assert _globs.matches(f"[!{sign}]", "x")
    assert not _globs.matches("[!x]", "/")
