"""The records of one entity as a whole: standardized, moved between fields, held to a schema."""
