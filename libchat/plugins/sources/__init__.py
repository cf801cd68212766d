"""Plugins as files: which there are, which are enabled, how a new one begins, and the modules that are made of them."""
