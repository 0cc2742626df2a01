"""The contract: what travels between a client and an AGB, spoken by both sides.

Nothing in here knows about clients, servers or the network; camelCase exists only here.
"""
