"""Runs the emulator on a port of this machine. Run by the environment of tests/emulator/requirements.lock."""

import sys

from bqemulator.cli import main
from duckdb_extensions import import_extension

import_extension("spatial")  # which it would load from the network
sys.argv = ["bqemulator", "start", "--rest-port", sys.argv[1], "--grpc-port", "0", "--log-level", "error"]
main()
