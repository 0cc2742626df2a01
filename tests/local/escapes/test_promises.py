"""The documentation promises what is tested, word for word."""

import subprocess
import sys

from support.guide import ROOT

from agb.local.sandbox.promises import PROMISES, Kind, table

SECURITY = ROOT / "docs" / "security.md"


def test_the_documentation_has_the_table() -> None:
    assert table() in SECURITY.read_text(), "run `python -m agb.local.sandbox.promises`"


def test_the_table_is_printed_for_who_writes_the_documentation() -> None:
    command = [sys.executable, "-m", "agb.local.sandbox.promises"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout == table()


def test_each_promise_is_about_all_kinds_and_has_a_name_of_its_own() -> None:
    assert all(set(promise.kept) == set(Kind) for promise in PROMISES)
    assert len({promise.name for promise in PROMISES}) == len(PROMISES)
