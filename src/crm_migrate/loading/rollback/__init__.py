"""What taking an applied plan back would do, as the target stands now; writes nothing."""
