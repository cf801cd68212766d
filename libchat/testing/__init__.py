"""For people who test."""
