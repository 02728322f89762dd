"""What an earlier run made is taken over where its inputs are the same (decision 0019)."""
