"""The programs that run code, one per language; they are started by path, and import nothing."""
