"""What only people decide: doubtful pairs and customers of two owners, asked and answered."""
