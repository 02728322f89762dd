"""Database servers that the tests start themselves."""
