"""TLS among a test's own: who serves under a name, and who trusts that."""

import ssl

import trustme


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """Return what serves under a name that an authority has certified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return what trusts an authority, and those that everybody trusts."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
