"""Check prepared data with Great Expectations before any training."""
