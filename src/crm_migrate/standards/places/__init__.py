"""Places in China: divisions and their codes, names of places, addresses taken apart."""
