"""What prepared data must fulfil before a network is trained on it, checked with Great Expectations."""
