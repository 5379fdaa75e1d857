"""What publishes and compares results."""
