"""Every limit of libchat, with its default and where the number comes from.

Nothing a peer can make grow is without one. Sizes are in bytes and times in seconds, unless the name says otherwise.
"""

from __future__ import annotations

from typing import Final

# --- what a person may write ----------------------------------------------------------------------------------------

NAME_CHARACTERS: Final = 32
"""Characters of a name or a room name: a name stays one column of a list, and IRC networks settled on about as many."""

TEXT_BYTES: Final = 4096
"""UTF-8 bytes of one message: a page. IRCv3's multiline batches settled on the same."""

TOPIC_BYTES: Final = 512
"""UTF-8 bytes of a topic or an away note: one line on a wide screen, a few on a narrow one."""

CID_BYTES: Final = 64
"""Characters of a client id or device id: holds a UUID in any notation, or a SHA-256 in hex."""

KEY_CHARACTERS: Final = 64
"""Characters of a device's public key: 43, for 32 bytes in base64url."""

PROOF_CHARACTERS: Final = 128
"""Characters of a device's proof: 86, for the 64 bytes of a signature in base64url."""

NONCE_BYTES: Final = 16
"""Random bytes that a device's proof must sign: 128 bits never come twice."""

KEY_ID_CHARACTERS: Final = 16
"""Hex digits by which people name a device's key: 64 bits tell a person's devices apart many times over."""

# --- the wire -------------------------------------------------------------------------------------------------------

LINE_BYTES: Final = 16_384
"""Bytes of one line without its end: one full TLS record (RFC 8446, section 5.1). JSON that escapes all of a text of
`TEXT_BYTES` as \\uXXXX takes at most three times its UTF-8 size, and the rest of the command fits beside it."""

HISTORY_ENTRIES: Final = 200
"""Entries of one page of history: 200 entries of 100 bytes make about two TLS records; a screen holds 50."""

REACTIONS: Final = 100
"""Reactions to one message, each person's counted: with names of 32 characters they make 4 kB, as much as a text."""

REACTION_CHARACTERS: Final = 32
"""Characters of a reaction: the longest emoji sequences have 10, a short word fits, too."""

PAGE_BYTES: Final = 131_072
"""UTF-8 bytes of the texts of one page of history: with all quotes escaped it is a quarter of an outbox, so that a
reader has room for what is said meanwhile."""

REPLAY_ENTRIES: Final = 256
"""Entries of the offline queue that are handed out at once; the next ones follow when these have left."""

# --- keys -----------------------------------------------------------------------------------------------------------

STATEMENT_CHARACTERS: Final = 512
"""Characters of the key, and of the signature, of a statement about the next key: those of P-256 take 122 and 96."""

# --- invites --------------------------------------------------------------------------------------------------------

LINK_CHARACTERS: Final = 4096
"""Characters of what somebody pastes as an invite: eight names of the longest kind, a room and all parameters fit."""

LINK_HOSTS: Final = 8
"""Hosts of one invite: a machine has two or three addresses, and each that does not answer costs time."""

TOKEN_CHARACTERS: Final = 64
"""Characters of an invite's token: ours have 22, for 16 random bytes."""

# --- the log and the offline queue ----------------------------------------------------------------------------------

MEMORY_ENTRIES: Final = 10_000
"""Entries that the memory log keeps of each conversation: about 4 MB of texts of 100 bytes."""

MEMORY_TOTAL: Final = 100_000
"""Entries that the memory log keeps of all conversations: ten full ones, about 60 MB. A search through all of them
takes a tenth of a second."""

MEMORY_POSITIONS: Final = 200_000
"""Cursors, and as many marks, that the memory log keeps: two of each for every name that is remembered."""

DEVICES: Final = 50
"""Devices of an account of which it is remembered what each has: ten times what one person carries. A program that
keeps no state is a new one each time it starts."""

QUEUE_ENTRIES: Final = 10_000
"""Entries that may wait for one name. At 100 messages a day a person may be away for three months."""

QUEUE_SECONDS: Final = 30 * 24 * 3600
"""How long an entry waits for a name: a month, longer than a holiday."""

KNOWN_NAMES: Final = 100_000
"""Names that were here once and are remembered, so that they can be written to while they are away: about 20 MB."""

KNOWN_TOPICS: Final = 10_000
"""Topics of rooms that have ended and are remembered for the next of their name: 5 MB of the longest ones."""

SEARCH_ENTRIES: Final = 30
"""Messages of one answer to a search: of the longest texts, as many as a page of history has room for."""

SEARCH_WORDS: Final = 16
"""Words of one search."""

QUESTION_SECONDS: Final = 2.0
"""How long the log looks for one page or search before it gives up. In a million entries nearly all searches take a
fiftieth of a second; who looks for sixteen beginnings of one letter would keep one of two threads for 14 seconds."""

BACKLOG_EFFECTS: Final = 100_000
"""What may wait for the log before servers stop reading: a few seconds of what one core routes, about 30 MB."""

# --- how fast --------------------------------------------------------------------------------------------------------

MESSAGE_RATE: Final = 100
"""Messages a second of one session in the long run: nobody types or reads that fast, few programs talk that much, and a
thousand sessions at this rate are what one core carries. 0 is no limit."""

MESSAGE_BURST: Final = 1_000
"""Messages of one session that may come at once: what a program sends again after a short loss of its connection, or
somebody pastes; a tenth of a second of work for the server."""

MESSAGE_PATIENCE: Final = 30_000
"""Messages in a row that are delayed before further ones are refused. A client sends `PENDING_SENDS` again after a lost
connection, as fast as it can: this is three times as much, five minutes at the rate above."""

REGISTRATIONS: Final = 300
"""Names that may be asked for from one address in a minute: a hundred people behind one router, who all lose their
connection three times. Who keeps at it for five hours has filled `KNOWN_NAMES`. 0 is no limit."""

# --- how many --------------------------------------------------------------------------------------------------------

CONNECTIONS: Final = 0
"""Connections in all: 0 is as many as the process may have open files, less what the log and others need."""

CONNECTIONS_BY_ADDRESS: Final = 100
"""Connections of one address (of one /64 network for IPv6): the people of a school or an office behind one router, or
the programs of one machine. Then one machine cannot take the place of all others. 0 is no limit."""

HANDSHAKES_BY_ADDRESS: Final = 100
"""Handshakes of one address under way at once: everybody behind one router who connects in the same moment. With one
more, the oldest gives way."""

LIMIT_LOOPBACK: Final = False
"""Whether what is limited by address is limited for programs of this machine, too: who runs programs beside the server
has better ways to be in its way, and tests and bots come by the hundred."""

ROOMS_BY_NAME: Final = 500
"""Rooms that one name may be in: IRC networks allow between 20 and 250, bots are in more. 0 is no limit."""

MEMBERS_BY_ROOM: Final = 5_000
"""Members of one room: the list of the longest names (32 characters of 4 bytes) still fits into an outbox."""

REFUSALS: Final = 64
"""Connections over a limit that are told so at once; beyond that, they are closed without a word."""

SPARE_DESCRIPTORS: Final = 64
"""Open files that are kept for the log with its readers, backups, and what the server itself needs."""

DESCRIPTORS: Final = 65_536
"""Open files that `libchat serve` asks the system for at most: more connections than that need over a gigabyte."""

# --- in process -----------------------------------------------------------------------------------------------------

INBOX_EVENTS: Final = 10_000
"""Events that wait for a program to receive them: as many as may wait in the offline queue of a name."""

PENDING_SENDS: Final = 10_000
"""Sends that a client keeps until they are answered, while its server is away."""

ROOM_ACK_ENTRIES: Final = 100
"""Entries of a room that a client takes before it tells the server so: a command for each would double the traffic of
a busy room. As many may come again after a restart of the program, and are dropped if it keeps its state."""

ANSWER_EVENTS: Final = 100_000
"""Events that a full inbox takes beyond its limit while the program waits for an answer, which comes behind them. A
server's outbox and the buffers of two sockets hold about 10 MB of lines of 100 bytes."""

# --- the server -----------------------------------------------------------------------------------------------------

HANDSHAKE_SECONDS: Final = 10.0
"""A TLS handshake takes two round trips; ten seconds are enough for the worst radio link."""

HANDSHAKES: Final = 1_000
"""Handshakes under way at once: at about 1,500 finished in a second, more would only wait. With one more, the oldest
gives way: it is the least likely to be ever finished."""

REGISTER_SECONDS: Final = 300.0
"""How long a connection may stay without a name. People type their name by hand into `openssl s_client`."""

WAITING_COMMANDS: Final = 1_000
"""Commands of a program in process that wait while its password is being checked. Over a network, lines wait unread."""

LINGER_SECONDS: Final = 2.0
"""How long a closed connection is still flushed and drained, so that its last lines arrive."""

STOP_SECONDS: Final = 2.0
"""How long a stopping server flushes what it owes before it cuts the rest off."""

PLUGIN_SECONDS: Final = 10.0
"""How long a call of a plugin may take. Then it is off, if messages wait for it: people try again sooner than that."""

OUTBOX_BYTES: Final = 1_048_576
"""Plaintext that waits for one slow reader: ten seconds of a busy room (1,000 lines of 100 bytes each second)."""

RECEIVE_BYTES: Final = 65_536
"""Bytes read from one socket in one turn: four full TLS records, so that one sender cannot hold up a turn."""

RECEIVE_BUFFER_BYTES: Final = 65_536
"""What the kernel keeps of somebody who is not read at the moment: as much as is read in one turn."""

SEND_BUFFER_BYTES: Final = 262_144
"""What the kernel keeps for one slow reader: as much as is encrypted at once. Linux would let it grow to 4 MB, and a
thousand of them take all memory of a small machine, outside of every limit above. Enough for 20 Mbit/s to the other
side of the world."""

LISTEN_BACKLOG: Final = 1_024
"""Connections that the kernel keeps for the acceptor."""

# --- accounts -------------------------------------------------------------------------------------------------------

PASSWORD_CHARACTERS: Final = 128
"""Characters of a password: a sentence fits, and NIST SP 800-63B asks for 64 at least."""

NEW_PASSWORD_CHARACTERS: Final = 8
"""Characters that a new password has at least (NIST SP 800-63B, section 3.1.1.2, for one that is slowly hashed)."""

PASSWORD_MEMORY_KIB: Final = 65_536
"""Memory of one password hash: the second recommended option of RFC 9106, section 4. Each thread that hashes takes as
much, so that a server with four cores takes 256 MiB at most, while people sign in by password."""

PASSWORD_PASSES: Final = 3
"""Passes over that memory: the same option. 130 to 200 ms on one core."""

PASSWORD_LANES: Final = 1
"""Lanes of one password hash: one, where RFC 9106 says four. A server hashes for several people at once, a thread for
each, so more lanes would bring nothing; and OpenSSL's threads for lanes belong to the whole process: with two hashes of
several lanes at once, one fails or both hang (seen with OpenSSL 4.0 and cryptography 50)."""

HASH_QUEUE: Final = 64
"""Passwords that wait to be hashed: about five seconds of work of two cores. Further ones are told to come again."""

HASHES_PER_ADDRESS: Final = 16
"""Passwords of one address that are hashed or wait for that: a quarter of the queue, so that one address cannot keep
others out of it."""

ACCOUNT_REQUESTS: Final = 10_000
"""Questions to the accounts that wait: a few seconds of work, for as many clients as come back after a restart."""

ACCOUNTS: Final = 100_000
"""Accounts of a server: as many as names that are remembered. About 30 MB of file."""

ACCOUNT_KEYS: Final = 20
"""Devices of an account; the one that was not used for the longest time is forgotten for the next. People have few,
but a browser or a container may come as a new one each time."""

LABEL_CHARACTERS: Final = 64
"""Characters of what a device is called: a host name's first part has 63 at most (RFC 1035, section 2.3.4)."""

SEEN_SECONDS: Final = 3600
"""How exact it is when a device was last used: so a restart of the server does not write for each who comes back."""

ADMITTED_KEYS: Final = 10_000
"""Guests' devices that an invite has let in and that may come again; the one longest away gives way to the next."""

INVITES: Final = 100
"""Invites that one account or guest has open at once: a class, each pupil with an own one."""

INVITES_KEPT: Final = 10_000
"""Invites of all that are remembered. Those that are used up or have expired give way; when all are open, only who runs
the server makes more."""

INVITE_USES: Final = 10_000
"""Uses of one invite: a large company's meeting."""

INVITE_SECONDS: Final = 366 * 24 * 3600
"""How long an invite may be good: a year."""

INVITE_KEEP_SECONDS: Final = 30 * 24 * 3600
"""How long an invite that has expired is remembered, so that who comes late is told so: a month."""

PAIR_TRIES: Final = 5
"""Wrong passwords for one name from one address before the next one has to wait: typing mistakes are free."""

ADDRESS_TRIES: Final = 20
"""Wrong passwords from one address before the next one has to wait: a few people behind one router."""

TRIES_FIRST_SECONDS: Final = 1.0
TRIES_LAST_SECONDS: Final = 600.0
"""How long the first try too many waits, and the longest wait; it doubles in between. So one address has less than 50
guesses in its first hour, and six in each further one. One wrong try is forgotten in as long as the longest wait."""

TRIES_REMEMBERED: Final = 10_000
"""Addresses, and pairs of address and name, whose wrong passwords are counted: about 3 MB. The one that was quiet for
the longest time gives way."""

WRONG_PASSWORD_NOTES: Final = 10_000
"""Lines of the audit about wrong passwords, each for one name, address and hour; the oldest give way, so that who
guesses cannot push anything else out."""

AUDIT_NOTES: Final = 1_000_000
"""Lines of the audit of accounts, about 100 MB; then the oldest give way. Years of a busy server."""

# --- order in rooms -------------------------------------------------------------------------------------------------

ROOM_BANS: Final = 100
"""Bans in force in one room: IRC networks settled on as many. All are looked at whenever somebody enters."""

ROOM_MUTES: Final = 100
"""Mutes in force in one room: as many as bans."""

ROOM_INVITATIONS: Final = 100
"""Names that are invited to one room and have not come yet, and as many guests that may come back to it; the oldest
give way."""

INVITATION_SECONDS: Final = 7 * 24 * 3600
"""How long an invitation to a room is good: a week, as people look in again within one."""

KICKS_BY_ACCOUNT: Final = 50
"""Rooms of which it is remembered by whom an account was put out of them, for its devices that are away. Beyond, and
after a restart, they are told only that they are not in them any more."""

BAN_SECONDS: Final = 366 * 24 * 3600
"""The longest ban or mute that ends by itself: a year. One of 0 seconds does not."""

MASK_CHARACTERS: Final = 64
"""Characters of what a ban is for: a name has 32, an IPv6 network 43 (RFC 5952)."""

# --- the client -----------------------------------------------------------------------------------------------------

CONNECT_SECONDS: Final = 10.0
"""How long a client tries to reach a server once, with TCP and TLS, and as long again for it to give the name."""

ANSWER_SECONDS: Final = 30.0
"""How long a blocking call waits for the answer of a server, unless it is told otherwise."""

BACKOFF_FIRST_SECONDS: Final = 0.25
BACKOFF_LAST_SECONDS: Final = 30.0
"""The first and the longest delay before a client connects again. A server that restarts is back within a second; one
that is gone for hours is asked twice a minute."""

PING_SECONDS: Final = 30.0
"""How long a client hears nothing before it asks whether the server is still there; after as long again without an
answer it connects anew. Routers forget idle connections after a few minutes."""
