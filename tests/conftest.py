"""How properties are searched: always the same examples, unless asked to look for new ones."""

import os

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=500)
# `HYPOTHESIS=search make test` looks further; what it finds becomes an @example.
settings.load_profile(os.environ.get("HYPOTHESIS", "fixed"))
