"""What the sources held beside what the CRM holds after the apply."""
