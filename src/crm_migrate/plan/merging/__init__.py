"""Rows of the CRM that are one customer: which stays, what moves, what holds a merge back."""
