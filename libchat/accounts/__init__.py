"""Accounts at work: who may come, by which proof, checked beside the chat.

`desk` answers a server's questions, in threads of its own; `clerk` is what it does, without threads; `hashing` the
threads that hash passwords; `admin` what the command line does to the same file. Nothing is imported here: a program
that has no accounts pays for none.
"""
