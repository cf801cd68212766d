"""The shell's own commands: one file for each noun, written as plugins are."""
