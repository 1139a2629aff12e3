"""Source text becomes pieces with exact positions: SQL texts, Python facts, and what could not be read."""
