"""Rules, which are pages of data, are run over the fact tables and give findings."""
