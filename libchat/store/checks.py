"""What must be true of a log's tables, as questions to which every answer is a finding.

`NOT INDEXED` stands where few entries are looked for among all: along an index, each of them would be read apart.
The hash chain and the numbers of entries are in `walk`, and the index of texts in `verify`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Check(NamedTuple):
    """A query, and the sentence that says what each of its rows means; `{0}` is the row's first column."""

    query: str
    sentence: str


CHECKS: Final = (
    Check(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'id' AND value <> '')",
        "the log has no id: clients cannot tell it from others",
    ),
    Check(
        "SELECT rows FROM (SELECT count(*) AS rows FROM counters) WHERE rows <> 1",
        "the table of counters has {0} rows instead of one: the log cannot count what it stores",
    ),
    Check(
        """SELECT c.entries, e.newest FROM counters c, (SELECT max(id) AS newest FROM entries) e
        WHERE e.newest > c.entries""",
        "the log has counted {0} entries, but there is one with the id {1}: new ones cannot be stored",
    ),
    Check(
        """SELECT key, quote(one), quote(other) FROM conversations WHERE CASE
        WHEN key LIKE '#%' THEN one IS NOT NULL OR other IS NOT NULL
        ELSE one IS NULL OR other IS NULL OR key <> one || ' ' || other END""",
        "{0}: it is between {1} and {2}, which does not fit its key",
    ),
    Check(
        """SELECT device, cid, count(*) FROM entries WHERE device <> '' AND cid <> ''
        GROUP BY device, cid HAVING count(*) > 1""",
        "the client id {1!r} of device {0!r} stands with {2} entries: what was sent once was stored more than once",
    ),
    Check(
        """SELECT c.key, e.seq, CASE WHEN e.deleted THEN 'deleted' ELSE 'not deleted' END,
            CASE WHEN e.text <> '' THEN 'a text' ELSE 'no text' END,
            CASE WHEN e.salt IS NULL THEN 'no salt' ELSE 'a salt' END,
            CASE WHEN e.digest IS NULL THEN 'no digest' ELSE 'a digest' END
        FROM entries e JOIN conversations c ON c.id = e.conversation
        WHERE CASE WHEN e.deleted THEN e.text <> '' OR e.salt IS NOT NULL OR e.digest IS NULL
            ELSE e.salt IS NULL OR e.digest IS NOT NULL END""",
        "{0}: entry {1} is {2}, but has {3}, {4} and {5}: erased texts leave a digest, and nothing else does",
    ),
    Check(
        """SELECT c.key, e.seq, e.kind, e.ref FROM entries e JOIN conversations c ON c.id = e.conversation
            LEFT JOIN entries o ON o.conversation = e.conversation AND o.seq = e.ref
        WHERE (e.ref <> 0 OR e.kind IN ('edit', 'delete', 'react', 'unreact'))
            AND (e.ref < 1 OR e.ref >= e.seq OR (e.ref >= c.first AND o.kind IS NOT 'message'))""",
        "{0}: entry {1} ({2}) refers to entry {3}, which is no message before it",
    ),
    Check(
        """SELECT c.key, g.ref, o.edited, g.newest FROM
            (SELECT conversation, ref, max(seq) AS newest FROM entries WHERE kind = 'edit' GROUP BY conversation, ref) g
            JOIN entries o ON o.conversation = g.conversation AND o.seq = g.ref
            JOIN conversations c ON c.id = g.conversation WHERE o.edited <> g.newest""",
        "{0}: message {1} points to entry {2} as its newest edit, which is {3}: it is read with another text",
    ),
    Check(
        """SELECT c.key, e.seq, e.edited FROM entries e JOIN conversations c ON c.id = e.conversation
            LEFT JOIN entries x ON x.conversation = e.conversation AND x.seq = e.edited
        WHERE e.edited <> 0 AND (x.kind IS NOT 'edit' OR x.ref <> e.seq)""",
        "{0}: entry {1} points to entry {2} as its newest edit, which is none of it: it is read with another text",
    ),
    Check(
        """SELECT c.key, e.seq, e.deleted FROM entries e JOIN conversations c ON c.id = e.conversation
            LEFT JOIN entries x ON x.conversation = e.conversation AND x.seq = e.deleted
        WHERE e.deleted <> 0 AND (x.kind IS NOT 'delete'
            OR x.ref IS NOT CASE e.kind WHEN 'message' THEN e.seq WHEN 'edit' THEN e.ref END)""",
        "{0}: entry {1} is marked as deleted by entry {2}, which does not delete it: a text is missing",
    ),
    Check(
        """SELECT c.key, o.seq, x.seq FROM entries x JOIN entries o ON o.conversation = x.conversation AND o.seq = x.ref
            JOIN conversations c ON c.id = x.conversation WHERE x.kind = 'delete' AND o.deleted <> x.seq
        UNION ALL SELECT c.key, o.seq, x.seq FROM entries x
            JOIN entries o ON o.conversation = x.conversation AND o.ref = x.ref AND o.kind = 'edit'
            JOIN conversations c ON c.id = x.conversation WHERE x.kind = 'delete' AND o.deleted <> x.seq""",
        "{0}: entry {1} is not marked as deleted, but entry {2} deletes it: what was taken away can be read",
    ),
    Check(
        """SELECT c.key, m.seq, r.text, r.name FROM reactions r JOIN entries m ON m.id = r.entry
            JOIN conversations c ON c.id = m.conversation LEFT JOIN entries a ON a.id = r.at
        WHERE m.kind <> 'message' OR m.deleted OR a.kind IS NOT 'react' OR a.conversation <> m.conversation
            OR a.ref <> m.seq OR a.text <> r.text OR a.name <> r.name OR a.sender <> r.display""",
        "{0}: entry {1} shows the reaction {2!r} of {3!r}, which no entry has made",
    ),
    Check(
        """SELECT c.key, m.seq, l.text, l.name FROM
            (SELECT conversation, ref, text, name, kind, max(seq) FROM entries NOT INDEXED
                WHERE kind IN ('react', 'unreact') GROUP BY conversation, ref, text, name) l
            JOIN entries m ON m.conversation = l.conversation AND m.seq = l.ref
            JOIN conversations c ON c.id = l.conversation
            LEFT JOIN reactions r ON r.entry = m.id AND r.text = l.text AND r.name = l.name
        WHERE l.kind = 'react' AND NOT m.deleted AND r.entry IS NULL""",
        "{0}: message {1} lacks the reaction {2!r} that {3!r} has made",
    ),
    Check(
        """SELECT c.key, m.seq, l.text, l.name FROM
            (SELECT conversation, ref, text, name, kind, max(seq) FROM entries NOT INDEXED
                WHERE kind IN ('react', 'unreact') GROUP BY conversation, ref, text, name) l
            JOIN entries m ON m.conversation = l.conversation AND m.seq = l.ref
            JOIN conversations c ON c.id = l.conversation
            JOIN reactions r ON r.entry = m.id AND r.text = l.text AND r.name = l.name
        WHERE l.kind = 'unreact'""",
        "{0}: message {1} shows the reaction {2!r} that {3!r} has taken back",
    ),
    Check(
        """SELECT u.name, u.device, c.key, u.seq, c.last FROM cursors u JOIN conversations c ON c.id = u.conversation
        WHERE u.seq < 0 OR u.seq > c.last""",
        "{2}: the cursor of {0!r} (device {1!r}) is at {3}, beyond the newest entry {4}: it will miss what comes",
    ),
    Check(
        """SELECT u.name, u.device, c.key, u.seq, quote(n.seq) FROM cursors u
            JOIN conversations c ON c.id = u.conversation
            LEFT JOIN cursors n ON n.name = u.name AND n.device = '' AND n.conversation = u.conversation
        WHERE u.device <> '' AND (n.seq IS NULL OR n.seq < u.seq)""",
        "{2}: the device {1!r} of {0!r} is at {3}, further than its name, which is at {4}: it may be sent twice",
    ),
    Check(
        """SELECT d.name, d.device FROM devices d LEFT JOIN names n ON n.key = d.name
        WHERE n.key IS NULL OR d.device = ''""",
        "the device {1!r} is one of {0!r}, which is no name, or no device",
    ),
    Check(
        """SELECT d.name, d.device, c.key FROM devices d JOIN members m ON m.name = d.name
            JOIN conversations c ON c.id = m.conversation
            LEFT JOIN cursors u ON u.name = d.name AND u.device = d.device AND u.conversation = c.id
        WHERE u.seq IS NULL""",
        "{2}: the device {1!r} of {0!r} has no cursor there: it would get what was said before they were members",
    ),
    Check(
        """SELECT m.name, c.key, m.seq, c.last FROM marks m JOIN conversations c ON c.id = m.conversation
        WHERE m.seq < 0 OR m.seq > c.last""",
        "{1}: {0!r} has read up to {2}, beyond the newest entry {3}: the receipt is not true",
    ),
    Check(
        """SELECT m.name, c.key FROM members m JOIN conversations c ON c.id = m.conversation WHERE c.one IS NOT NULL""",
        "{1}: {0!r} is a member of a conversation that is no room",
    ),
    Check(
        "SELECT m.name, c.key, m.role FROM members m JOIN conversations c ON c.id = m.conversation "
        "WHERE m.role NOT IN ('', 'voice', 'operator', 'owner')",
        "{1}: the member {0!r} has the role {2!r}, which there is not: what they may do cannot be told",
    ),
    Check(
        """SELECT c.key FROM (SELECT conversation FROM rooms UNION SELECT conversation FROM bans
            UNION SELECT conversation FROM mutes) r JOIN conversations c ON c.id = r.conversation
        WHERE c.one IS NOT NULL""",
        "{0}: something is set as in a room, which it is not",
    ),
    Check(
        """SELECT c.key FROM rooms r JOIN conversations c ON c.id = r.conversation
        WHERE r.invite_only NOT IN (0, 1) OR r.moderated NOT IN (0, 1) OR r.secret NOT IN (0, 1)
            OR r.open_topic NOT IN (0, 1) OR (r.password <> '' AND r.password NOT LIKE '%$%')""",
        "{0}: what is set in the room cannot be told: everybody may be let in, or nobody",
    ),
    Check(
        """SELECT c.key, b.mask FROM bans b JOIN conversations c ON c.id = b.conversation
        WHERE b.mask = '' OR b.made < 0 OR b.until < 0
        UNION ALL SELECT c.key, m.name FROM mutes m JOIN conversations c ON c.id = m.conversation
        WHERE m.made < 0 OR m.until < 0""",
        "{0}: for how long {1!r} is kept out or silent cannot be told",
    ),
    Check(
        """SELECT a.lines, coalesce(s.seq, 0) FROM (SELECT count(*) AS lines FROM audit) a
            LEFT JOIN sqlite_sequence s ON s.name = 'audit' WHERE a.lines <> coalesce(s.seq, 0)""",
        "the audit has {0} lines, and there were {1}: somebody has taken some away, or put some in",
    ),
    Check(
        "SELECT key FROM names WHERE is_account NOT IN (0, 1)", "whether the name {0!r} is an account cannot be told"
    ),
)

NAMES: Final = (
    Check("SELECT key, display FROM names", "the name {0!r} is shown as {1!r}, which is another name"),
    Check("SELECT name, name FROM members", "the member {0!r} has a name that nobody can have"),
    Check("SELECT name, name FROM mutes", "{0!r} is muted, which is a name that nobody can have"),
)
"""Of these, rows are findings whose first column is not the canonical form of the second."""
