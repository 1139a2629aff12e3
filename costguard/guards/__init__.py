"""Guards: what stops spend before it happens, with figures from the history."""
