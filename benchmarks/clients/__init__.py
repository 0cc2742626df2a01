"""Clients, side by side: each does the same work over the same wire, in a process of its own."""
