"""What the peer does, by area."""
