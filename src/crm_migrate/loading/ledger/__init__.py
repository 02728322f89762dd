"""The target ledger: our tables in the target, which decide what happened."""
