# Generated from tests/conformance/_async/cases/__init__.py; edit that file, then `nox -s twin`.
"""Which call each recording is of, and what it must come to."""
