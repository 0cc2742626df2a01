"""Which call each recording is of, and what it must come to."""
