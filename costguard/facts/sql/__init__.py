"""SQL statements become fact rows: an own, tolerant name resolution that needs no schema.

`sqlglot.optimizer.qualify` raises on 14-54 % of real queries when table schemas are missing, so names are
traced here: from the columns that a statement's result needs down to the physical tables, through CTEs,
subqueries, set operations, stars and UNNEST. A column that nothing needs is not read.
"""
