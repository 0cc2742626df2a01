"""Recorded exchanges, played to both sides of the client."""
