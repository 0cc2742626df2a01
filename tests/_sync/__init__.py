# Generated from tests/_async/__init__.py; edit that file, then `nox -s twin`.
"""What the client does, on asyncio and on trio."""
