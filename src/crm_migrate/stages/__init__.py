"""One file per stage: reads what the stage before left in the workspace, and writes its own."""
