"""A plan from its changes to its file and pages, and plans as people look at them."""
