"""Messages by area: what an operation sends and what it gets back."""
