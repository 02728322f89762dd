"""What was approved happens in the target, once and wholly: apply, target ledger, verify."""
