"""What the client does, on asyncio and on trio."""
