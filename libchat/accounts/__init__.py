"""Accounts at work: who may come, by which proof, checked beside the chat.

`desk` answers a server's questions, in threads of its own; `clerk` is what it does, without threads, on a `case` after
the other; `hashing` holds the threads that hash passwords, and `known` what others did to the file; `admin` is what the
command line does to it. Nothing is imported here: a program that has no accounts pays for none.
"""
