"""What will change in the target, why, under which preconditions, and who approved it."""
