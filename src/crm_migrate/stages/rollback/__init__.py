"""An applied plan taken back: a plan of its own."""
