# Generated from tests/faults/_async/__init__.py; edit that file, then `nox -s twin`.
"""Operations under faults."""
