"""Pieces of code become rows of fact tables."""
