"""What runs inside a sandbox: an agent of the standard library only, and the language runners.

The package is copied nowhere and installed nowhere: the sandbox sees it read-only under a name
of its own, so its modules import each other relatively and nothing else of `agb`.
"""
