"""Entries and events as lines.

Each line has three columns: time, name, text, with a bar before the text. A text of several lines, or one that is too
wide, goes on behind the bar, with nothing in the first two columns:

    16:41        ana │ hello
                  bo │ a text
                     │ of two lines
    16:42         -- │ cy joined

So nothing that a peer writes can look like a line of somebody else, or of the shell: it never stands before the bar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from libchat import Entry
from libchat.limits import NAME_CHARACTERS
from libchat.names import target_key
from libchat_shell.colours import nick_class
from libchat_shell.lines import Fragment, Line
from libchat_shell.look import Look
from libchat_shell.mentions import find_mentions
from libchat_shell.sanitise import FSI, LINK, PDI, clip, isolate, safe_line, safe_lines, shown, width, wrap

NARROWEST: Final = 8
"""Columns for text at least: a screen on which there is no room for so many is none to chat on."""

ROOMY: Final = 40
"""Columns of a screen that are not for names."""

LABEL_COLUMNS: Final = 2 * 2 * NAME_CHARACTERS + 1
"""Columns that two names may have, of characters that take two each."""

QUOTE_COLUMNS: Final = 40
"""How much of a message is quoted where something refers to it."""

QUARTER_MS: Final = 15 * 60 * 1000
"""Time zones differ by quarters of an hour, so that a day begins with one."""

_LINK_ENDS: Final = re.compile(r"[.,;:!?'\")\]}>]+$")


class Renderer:
    """Makes lines that look as a person wants. It knows whose screen it is, and no more."""

    def __init__(self, me: str, look: Look) -> None:
        self.me = me
        self.look = look
        self._stamps = lru_cache(256)(self._stamp)
        self._days = lru_cache(64)(self._day)
        signs = (
            ("│", "--", " *", "╭", "…", "“", "”", "─", "→")
            if look.is_unicode
            else ("|", "--", " *", ">", "~", '"', '"', "-", ">")
        )
        self._bar, self._voice, self._star, self._corner, self._more, self._open, self._shut, self._rule, self._to = (
            signs
        )

    # --- what people say

    def message(
        self, entry: Entry, *, to: str = "", place: str = "", quoted: Entry | None = None, is_pending: bool = False
    ) -> list[Line]:
        """Return a message as lines, with what it replies to before it.

        `to` is whom a private message goes to, where that is not clear from where it is shown; `place` the conversation
        where messages of several are shown.
        """
        is_own = self.is_me(entry.sender)
        kind = "own" if is_own else "message"
        label = self._label(entry.sender, to)
        lines = self._reply(entry, quoted) if entry.ref else []
        text = self._body(entry)
        after = self._after(entry, place, is_pending=is_pending)
        if entry.is_deleted:
            return [*lines, *self._said(entry, label, [], kind, [("dim", "(deleted)")])]
        if text.startswith("/me "):
            return [*lines, *self._action(entry, text[4:], kind, after)]
        return [*lines, *self._said(entry, label, safe_lines(text), kind, after)]

    def _said(self, entry: Entry, label: str, texts: list[str], kind: str, after: list[Fragment]) -> list[Line]:
        """Return lines of a text behind the name; `after` stands behind the last."""
        columns, is_apart = self._columns_beside(label)
        pieces = [piece for text in texts for piece in wrap(text, columns)] or [""]
        if is_apart:
            pieces.insert(0, "")
        is_mention = kind == "message" and any(find_mentions(text, self.me) for text in texts)
        style = "own" if kind == "own" else nick_class(entry.sender) + (" mention" if is_mention else "")
        bodies = [self._styled(piece) for piece in pieces]
        self._append(bodies, after, columns)
        heads = self._heads(entry.time, label, style, entry.seq, len(bodies))
        kind = "mention" if is_mention else kind
        return [Line((*head, *body), entry.time, kind) for head, body in zip(heads, bodies, strict=True)]

    def _action(self, entry: Entry, text: str, kind: str, after: list[Fragment]) -> list[Line]:
        """Return what somebody does: "* ana waves"."""
        name = self._label(entry.sender, "")
        first, *rest = _balanced(wrap(f"{name} {safe_line(text)}", self.columns))
        style = "own" if kind == "own" else nick_class(entry.sender)
        is_mention = kind == "message" and bool(find_mentions(text, self.me))
        body = [(style, name), *self._styled(first[len(name) :])] if first.startswith(name) else self._styled(first)
        bodies = [body, *map(self._styled, rest)]
        self._append(bodies, after, self.columns)
        heads = self._heads(entry.time, self._star, style, entry.seq, len(bodies))
        kind = "mention" if is_mention else kind
        return [Line((*head, *body), entry.time, kind) for head, body in zip(heads, bodies, strict=True)]

    def _body(self, entry: Entry) -> str:
        return entry.text if entry.kind in ("message", "edit") else f"({safe_line(entry.kind)}) {entry.text}"

    def _after(self, entry: Entry, place: str, *, is_pending: bool) -> list[Fragment]:
        """Return what stands behind the text. Only the shell writes in this style, so nobody can pretend it."""
        after = [("dim", f"  [{shown(place)}]")] if place else []
        if entry.is_edited:
            after.append(("edited", " (edited)"))
        for reaction in entry.reactions:
            count = f" {len(reaction.names)}" if len(reaction.names) > 1 else ""
            after.append(("dim", f"  {shown(reaction.text)}{count}"))
        if is_pending:
            after.append(("pending", f" {self._more}" if self.look.is_unicode else " (pending)"))
        return after

    def _append(self, bodies: list[list[Fragment]], after: list[Fragment], columns: int) -> None:
        """Put fragments behind the last line of a text, and into further ones as they do not fit."""
        for style, text in after:
            used = sum(width(part) for _, part in bodies[-1])
            fits = not columns or not used or used + width(text) <= columns
            if not fits:
                bodies.append([])
            words = text if fits else text.lstrip()
            bodies[-1].append((style, _balanced([clip(words, columns, self._more)])[0] if columns else words))

    def _label(self, sender: str, to: str) -> str:
        """Return what stands before the bar. Only what is too long for any name is clipped."""
        label = f"{shown(sender)}{self._to}{shown(to)}" if to else shown(sender)
        return _balanced([clip(label, LABEL_COLUMNS, self._more)])[0]

    # --- what refers to it

    def _reply(self, entry: Entry, quoted: Entry | None) -> list[Line]:
        """Return a line about the message that is answered; it is clipped, never wrapped."""
        columns = self.columns or QUOTE_COLUMNS
        if quoted is None:
            words = f"{self._corner} in reply to number {entry.ref}"
        else:
            words = f"{self._corner} {shown(quoted.sender)}: {self.quote(quoted, columns, is_bare=True)}"
        words = _balanced([clip(words, columns, self._more)])[0]
        return [Line((*self._blank(), ("dim", words)), entry.time, "quote")]

    def quote(self, entry: Entry, columns: int = QUOTE_COLUMNS, *, is_bare: bool = False) -> str:
        """Return the beginning of a message in one line, in quotation marks unless it is to be bare."""
        if entry.is_deleted:
            return "(deleted)"
        text = isolate(clip(safe_line(entry.text), max(columns, 8), self._more))
        return text if is_bare else f"{self._open}{text}{self._shut}"

    def quoted(self, text: str) -> str:
        """Return the beginning of a text in quotation marks."""
        return f"{self._open}{isolate(clip(safe_line(text), QUOTE_COLUMNS, self._more))}{self._shut}"

    def amendment(self, entry: Entry, before: Entry | None) -> list[Line]:
        """Return what was done to a message that was shown before, in a line that refers to it."""
        who = "you" if self.is_me(entry.sender) else shown(entry.sender)
        what = self.quote(before) if before else f"message {entry.ref}"
        if before and not (target_key(before.sender) == target_key(entry.sender) and entry.kind in ("edit", "delete")):
            owner = "your own" if self.is_me(before.sender) and who == "you" else "your"
            what = f"{owner} {what}" if self.is_me(before.sender) else f"{shown(before.sender)}'s {what}"
        words = {
            "delete": f"{who} deleted {what}",
            "react": f"{who} reacted {shown(entry.text)} to {what}",
            "unreact": f"{who} took {shown(entry.text)} back from {what}",
        }
        if entry.kind == "edit":
            return self._edit(entry, f"{who} edited {what}:")
        return self.note(words.get(entry.kind, f"{who}: {safe_line(entry.kind)} {what}"), entry.time, kind=entry.kind)

    def _edit(self, entry: Entry, words: str) -> list[Line]:
        """Return the new text behind what it was: in the same line if both fit."""
        new = safe_lines(entry.text)
        first = f"{words} {isolate(new[0])}"
        if len(new) == 1 and width(first) <= self.columns:
            return self.note(first, entry.time, kind="edit")
        text = [
            Line((*self._blank(), *self._styled(piece)), entry.time, "edit")
            for line in new
            for piece in wrap(line, self.columns)
        ]
        return [*self.note(words, entry.time, kind="edit"), *text]

    # --- the shell's own voice

    def note(self, text: str, time: int, *, style: str = "dim", kind: str = "info") -> list[Line]:
        """Return words of the shell's own. What a peer chose in them went through `shown` or `quote` before."""
        pieces = _balanced([piece for line in text.split("\n") for piece in wrap(line, self.columns)])
        heads = self._heads(time, self._voice, "dim", 0, len(pieces))
        return [Line((*head, (style, piece)), time, kind) for head, piece in zip(heads, pieces, strict=True)]

    def told(self, text: str, time: int, *, is_error: bool = False) -> list[Line]:
        """Return what a command says, who may have it from a peer. Columns in it stay as they are."""
        style, kind = ("error", "error") if is_error else ("info", "told")
        pieces = [piece for line in safe_lines(text) for piece in wrap(line, self.columns)]
        head = [self._bar_fragment(self._voice)]
        return [
            Line((*head, *(self._styled(piece) if not is_error else [(style, isolate(piece))])), time, kind)
            for piece in pieces
        ]

    def rule(self, parts: Sequence[str], time: int, *, kind: str = "rule") -> Line:
        """Return a line across the screen. Parts are made safe before."""
        dash = self._rule * 2
        text = dash + "".join(f" {part} {dash}" for part in parts)
        text = _balanced([clip(text, self.look.width or 80, self._more)])[0]
        return Line((("rule" if kind == "rule" else "dim", text),), time, kind)

    def date_rule(self, time: int) -> Line:
        """Return the line for a new day."""
        number = self.day(time)
        day = datetime.fromordinal(number) if number else None
        date = f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "some day"
        return self.rule([date], time, kind="day")

    def day(self, time: int) -> int:
        """Return the day of a moment, counted from the year 1; 0 for one that no calendar here knows."""
        return self._days(time // QUARTER_MS)

    def _day(self, quarters: int) -> int:
        try:
            return self.look.local(quarters * QUARTER_MS / 1000).toordinal()
        except (OverflowError, ValueError, OSError):
            return 0

    def clock(self, time: int) -> str:
        """Return the time of day of a moment, also where lines show none."""
        try:
            return f"{self.look.local(time / 1000):{self.look.times or '%H:%M'}}"
        except (OverflowError, ValueError, OSError):
            return "--:--"

    # --- columns

    @property
    def columns(self) -> int:
        """Columns for text; 0 if texts are not to be wrapped."""
        if self.look.width <= 0:
            return 0
        return max(self.look.width - self._margin - 1, NARROWEST)

    def _columns_beside(self, label: str) -> tuple[int, bool]:
        """Return the columns for text beside a name, and whether the name is so long that it stands in a line alone."""
        over = width(label) - self._name_columns
        if over <= 0 or self.look.width <= 0:
            return self.columns, False
        beside = self.columns - over
        return (beside, False) if beside > self.columns // 2 else (self.columns, True)

    @property
    def _name_columns(self) -> int:
        """Columns for names: fewer, and none, on a narrow screen."""
        if self.look.width <= 0:
            return self.look.name_columns
        return min(self.look.name_columns, max(self.look.width - ROOMY, 0))

    @property
    def _margin(self) -> int:
        """Columns before the text."""
        return width(self._stamps(0)) + bool(self.look.times) + self._number_columns + self._name_columns + 3

    @property
    def _number_columns(self) -> int:
        return 6 if self.look.has_numbers else 0

    def _heads(self, time: int, label: str, style: str, seq: int, count: int) -> list[tuple[Fragment, ...]]:
        """Return what stands before the text in the first line, and in those that follow it."""
        first = (("time", self._stamps(time // 1000) + " "),) if self.look.times else ()
        number = (("number", f"{seq or '':>5} "),) if self.look.has_numbers else ()
        padding = " " * max(self._name_columns - width(label), 0)
        head = (*first, *number, ("", padding), (style, label), ("bar", f" {self._bar} "))
        return [head, *[self._blank()] * (count - 1)]

    def _blank(self) -> tuple[Fragment, ...]:
        return (("bar", " " * (self._margin - 3) + f" {self._bar} "),)

    def _bar_fragment(self, label: str) -> Fragment:
        return ("bar", label.rjust(self._margin - 3) + f" {self._bar} ")

    def _stamp(self, seconds: int) -> str:
        """Return the time before a line, as wide for every moment: some words for days are longer than others."""
        if not self.look.times:
            return ""
        columns = width(safe_line(self.clock(0)))
        stamp = clip(safe_line(self.clock(seconds * 1000)), columns, self._more)
        return " " * (columns - width(stamp)) + stamp

    def is_me(self, name: str) -> bool:
        """Return whether a name is one's own."""
        return target_key(name) == target_key(self.me)

    # --- inside a text

    def _styled(self, piece: str) -> list[Fragment]:
        """Return a clean piece of a foreign text with its links and one's own name set off, and isolated."""
        marks = [(*_link_span(match), "link") for match in LINK.finditer(piece)] if ":" in piece else []
        marks += [(*span, "mention") for span in find_mentions(piece, self.me) if not _lies_in(span, marks)]
        fragments: list[Fragment] = []
        at = 0
        for begin, end, style in sorted(marks):
            fragments += [("", piece[at:begin]), (style, piece[begin:end])]
            at = end
        fragments = [each for each in (*fragments, ("", piece[at:])) if each[1]]
        return fragments if isolate(piece) is piece else [("", FSI), *fragments, ("", PDI)]


_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _link_span(match: re.Match[str]) -> tuple[int, int]:
    """Return where a link stands, without the full stop of its sentence."""
    ends = _LINK_ENDS.search(match.group())
    return match.start(), match.end() - (len(ends.group()) if ends else 0)


def _lies_in(span: tuple[int, int], marks: Sequence[tuple[int, int, str]]) -> bool:
    return any(begin <= span[0] < end for begin, end, _ in marks)


def _balanced(pieces: list[str]) -> list[str]:
    """Return lines so that what is isolated across them is isolated in each."""
    done, depth = [], 0
    for piece in pieces:
        line = FSI * depth + piece
        depth = line.count(FSI) - line.count(PDI)
        done.append(line + PDI * depth)
    return done
