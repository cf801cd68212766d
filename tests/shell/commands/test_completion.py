"""Every argument of every command completes, where something can be known of it."""

from __future__ import annotations

import pytest

from support.typist import Enter, Typist


@pytest.fixture
def typist(enter: Enter) -> Typist:
    """Return Ana in #red with Bo, who has said something; much is known already."""
    ana, bo = enter("ana", "#red"), enter("bo", "#red")
    enter("cy", "#blue")
    ana.says("/me one")
    bo.says("/me two")
    ana.says("/query bo")
    ana.says("/ignore bo")
    ana.says("/switch #red")
    ana.says("/ban dan")
    ana.says("/mute eve")
    ana.desk.remember("devices", ["abc", "abd"])
    return ana


CASES = {
    "/msg ": ["#red", "bo", "#blue"],
    "/msg #b": ["#blue"],
    "/query B": ["bo"],
    "/reply ": ["bo", "2", "1"],
    "/reply bo hi": [],
    "/edit ": ["1"],
    "/delete ": ["2", "1"],
    "/react :ta": [":tada:"],
    "/react ta": [":tada:"],
    "/react :+1: ": ["2", "1"],
    "/unreact :-": [":-1:"],
    "/unreact :+1: #": ["2", "1"],
    "/join bl": ["#blue"],
    "/leave #": ["#red", "#blue"],
    "/topic #r": ["#red"],
    "/topic --": ["--clear"],
    "/who ": ["#blue", "#red"],
    "/who --": ["--everybody"],
    "/whois b": ["bo"],
    "/invite b": ["bo"],
    "/invite --": ["--room", "--uses", "--expires"],
    "/invite --uses ": ["1", "5", "25"],
    "/invite --expires ": ["10m", "1h", "24h", "7d", "30d"],
    "/invite --room ": ["#blue", "#red"],
    "/history 1": ["100"],
    "/history --in b": ["bo"],
    "/history --before ": ["2", "1"],
    "/search --in #r": ["#red"],
    "/kick b": ["bo"],
    "/kick bo --": ["--room"],
    "/ban ": ["bo"],
    "/ban bo ": ["10m", "1h", "24h", "7d", "30d"],
    "/ban bo 90": ["90s", "90m", "90h", "90d", "90w"],
    "/ban bo 1h sp": [],
    "/ban --": ["--address", "--room"],
    "/unban ": ["dan"],
    "/bans --": ["--room"],
    "/mute b": ["bo"],
    "/mute bo 7": ["7s", "7m", "7h", "7d", "7w"],
    "/unmute ": ["eve"],
    "/op b": ["bo"],
    "/deop b": ["bo"],
    "/voice b": ["bo"],
    "/devoice b": ["bo"],
    "/owner b": ["bo"],
    "/room ": ["invite-only", "password", "moderated", "secret", "open-topic"],
    "/room secret o": ["on", "off"],
    "/revoke ": ["abc", "abd"],
    "/switch ": ["home", "#red", "bo"],
    "/switch 2": ["2"],
    "/close b": ["bo"],
    "/set ": ["bell", "theme"],
    "/set the": ["theme"],
    "/set theme d": ["theme dark"],
    "/notify m": ["mentions"],
    "/notify all ": ["home", "#red", "bo"],
    "/ignore b": ["bo"],
    "/unignore ": ["bo"],
    "/plugins e": ["enable", "errors"],
    "/help whoi": ["whois"],
    "/help /whoi": ["/whois"],
}
"""What is offered at the end of each line."""

FREE = {
    *("me text", "msg text", "query text", "away note", "kick reason", "quit reason", "search words"),
    "nick name",  # nobody knows what somebody wants to be called
    "search before",  # a number that an earlier answer has told, with the whole line
    *("history after", "history around"),  # as --before
    "plugins name",  # there are none here; see the tests of plugins
}
"""Arguments for which nothing can be offered."""


@pytest.mark.parametrize("line", CASES)
def test_completion(typist: Typist, line: str) -> None:
    """What can be known is offered, best first."""
    assert typist.offers(line) == CASES[line]


def test_each_argument_completes(typist: Typist) -> None:
    """There is a case above for each argument of each command, or a reason why there is none."""
    tried = set(FREE)
    for line in CASES:
        name, _, rest = line[1:].partition(" ")
        command = typist.host.commands[name]
        slot = command.grammar.slot(rest, len(rest))
        if slot is not None and slot.parameter is not None:
            tried.add(f"{command.name} {slot.parameter.name.strip('_')}")
    wanted = {
        f"{command.name} {each.name.strip('_')}"
        for command in typist.host.commands.values()
        for each in command.grammar.parameters
        if not each.is_switch and each.name != "room"  # one and the same everywhere
    }
    assert wanted - tried == set()
    assert wanted >= FREE
