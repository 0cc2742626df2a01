# Generated from src/agb/_async/__init__.py; edit that file, then `nox -s twin`.
"""The client: `_sync` is written by hand, `_sync` is generated from it."""
