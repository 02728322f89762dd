"""How text within a cell is read: numerals, days, telephones, company names, industries."""
