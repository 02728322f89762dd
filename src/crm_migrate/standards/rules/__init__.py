"""Rules that a project writes itself: conditions over records, and fields that follow from them.

They are written in a small language, SQL conditions over a record, what it refers to, and what
refers to it:

    uscc is null or province(uscc) = province(address)
    customer.kind = '企业'                                     a field of what a reference leads to
    sum(contract.amount) filter (where contract.signed_on >= today() - 365) >= 500000

Missing values are unknown, as in SQL: `null = 1` is neither true nor false. Numbers that differ by
less than 0.0000005 are equal.
"""
