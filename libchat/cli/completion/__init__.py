"""Completion of the command line in the user's own shell: what there is to say, and a script for each shell."""
