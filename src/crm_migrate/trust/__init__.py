"""What makes a statement believable: keys, signatures, people and their roles, the journal."""
