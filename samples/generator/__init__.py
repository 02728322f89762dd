"""The sample generator: an invented world of customers and the files in which it stands.

It shares no table with the product, so that it does not flatter the standardizer.
"""
