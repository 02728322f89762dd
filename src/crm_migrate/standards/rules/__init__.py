"""Rules that a project writes itself: conditions over records, and fields that follow from them."""
