"""The baseline: findings and dear queries that a project has accepted for now. Applied to the result of a scan, outside
its cache, so nothing here may import polars or sqlglot."""
