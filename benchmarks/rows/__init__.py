"""What is measured, by area."""
