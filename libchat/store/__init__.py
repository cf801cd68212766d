"""Logs: where entries are kept, in order. `base` states the contract; every other file is one implementation."""
