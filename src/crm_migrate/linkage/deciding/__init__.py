"""What becomes of scored pairs: joined, asked, passed over; and the clusters they make."""
