"""Bare files, without a project: no keys, ids from the files themselves."""
