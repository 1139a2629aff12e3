"""Servers on the loopback interface that speak the protocols of Google's services."""
