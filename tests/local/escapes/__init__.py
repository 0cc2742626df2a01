"""What a session that means harm tries, in each kind of sandbox."""
