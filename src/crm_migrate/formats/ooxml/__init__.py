"""Excel workbooks (.xlsx, .xlsm) → grids: one vectorised pass over the sheet's XML.

Values, the kind each cell is stored as, number formats, hidden rows and columns and merged ranges
come from the same pass, so that looking for damage costs next to nothing. The XML is decompressed
in pieces and cut at `<row` and `<c `; what does not have the usual form (rich text, odd attribute
order, character references) goes through slower code, cell by cell. ECMA-376 part 1, 18.3.
"""
