# Generated from tests/conformance/_async/__init__.py; edit that file, then `nox -s twin`.
"""What was recorded: `_sync` is written by hand, `_sync` is generated from it."""
