"""The same few names twice: `aio` for tasks, `threads` for threads."""
