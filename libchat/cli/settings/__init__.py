"""The settings of a server: one table, from which come its flags, environment variables and the keys of its file.

kinds     how a value is written, as one word and in TOML
table     every setting, with its default and its reason
sources   where values come from: flag > environment > file > default
"""
