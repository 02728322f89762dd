"""Source columns and values → standard fields; suggestions, and the workbook people confirm."""
