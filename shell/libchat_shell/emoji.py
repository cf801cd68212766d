"""Emoji by their names: `:+1:`, `:tada:`.

A small table of what people answer with. The names are those of GitHub, Slack and Discord where these agree. Anything
else is typed or pasted as it is: a reaction may be any short text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

SHORTCODES: Final[dict[str, str]] = {
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "heart": "❤️",
    "joy": "😂",
    "laughing": "😆",
    "smile": "😄",
    "grin": "😁",
    "slight_smile": "🙂",
    "wink": "😉",
    "thinking": "🤔",
    "sob": "😭",
    "cry": "😢",
    "scream": "😱",
    "angry": "😠",
    "sunglasses": "😎",
    "upside_down": "🙃",
    "shrug": "🤷",
    "facepalm": "🤦",
    "eyes": "👀",
    "clap": "👏",
    "wave": "👋",
    "pray": "🙏",
    "raised_hands": "🙌",
    "muscle": "💪",
    "ok_hand": "👌",
    "handshake": "🤝",
    "point_up": "☝️",
    "tada": "🎉",
    "confetti_ball": "🎊",
    "rocket": "🚀",
    "fire": "🔥",
    "100": "💯",
    "star": "⭐",
    "sparkles": "✨",
    "zap": "⚡",
    "bulb": "💡",
    "boom": "💥",
    "bug": "🐛",
    "wrench": "🔧",
    "hammer": "🔨",
    "lock": "🔒",
    "key": "🔑",
    "bell": "🔔",
    "coffee": "☕",
    "pizza": "🍕",
    "beer": "🍺",
    "cake": "🍰",
    "white_check_mark": "✅",
    "check": "✅",
    "x": "❌",
    "warning": "⚠️",
    "question": "❓",
    "exclamation": "❗",
    "no_entry": "⛔",
    "hourglass": "⏳",
    "calendar": "📅",
    "memo": "📝",
    "link": "🔗",
    "bow": "🙇",
    "party": "🥳",
    "skull": "💀",
    "ghost": "👻",
    "robot": "🤖",
    "cat": "🐱",
    "dog": "🐶",
}


def emoji_of(text: str) -> str:
    """Return the emoji of a shortcode as `:+1:`, any other text as it is. Raises ValueError for an unknown one."""
    name = shortcode_name(text)
    if name is None:
        return text
    if name not in SHORTCODES:
        raise ValueError(f"there is no emoji {text}; press Tab after a ':' for those that there are, or paste one")
    return SHORTCODES[name]


def shortcode_name(text: str) -> str | None:
    """Return the name in `:name:`, None if a text is no shortcode."""
    is_one = len(text) > 2 and text[0] == text[-1] == ":" and ":" not in text[1:-1]
    return text[1:-1].lower() if is_one else None


def find_shortcodes(prefix: str) -> Iterator[tuple[str, str]]:
    """Yield each shortcode that begins like a prefix, with its emoji. The first colon need not be typed yet."""
    wanted = prefix.removeprefix(":").lower()
    return ((f":{name}:", emoji) for name, emoji in SHORTCODES.items() if name.startswith(wanted))
