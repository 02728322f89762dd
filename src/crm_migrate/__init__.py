"""crm-migrate: plan → approve → apply → prove, for customer data."""

import os

__version__ = "0.1.0"

# Polars' streaming engine spills unencrypted rows to the temporary folder; with no
# budget it keeps them in memory. It must stand before the first import of Polars.
os.environ.setdefault("POLARS_OOC_DISK_BUDGET_MB", "0")
