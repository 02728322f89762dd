"""The plan file: one ZIP (stored) with a clear header and encrypted Parquet parts.

`header.json`                  the PlanHeader; no personal data, readable without a key
`operations/<entity>/<slice>`  sealed operations in the order of the plan, entities in dependency
                               order; a large entity in several slices
`lineage/<entity>`             which record each golden cell came from
`moves`                        merges and re-parented rows, where there are any

SHA-256 of each part's ciphertext stands in the header (`parts.py` says how it is encrypted).
The archive's comment is HMAC-SHA256 under the plan key of every byte before it, so that no byte
of the file can be altered unseen.
"""
