"""Messages on their way through the transforms of all plugins, a whole batch at once.

The batch is one call in a worker, since handing over is what costs. A transform that raises is noted, and its message
goes on, or stops where the plugin's settings say so. One that hangs is known by where the batch has stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libchat.errors import ChatError, PluginError
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.loaded.guard import Abandoned, describe, traceback_of
from libchat.plugins.loaded.home import Home
from libchat.plugins.values import Drop, Message
from libchat.text import clean_line, clean_text

Transformed = Message | Drop | PluginError


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of one plugin."""

    home: Home
    hook: str
    function: Callable[..., object]
    wants_message: bool
    wants_context: bool


class Chain:
    """One batch. `run` may be called again by another thread when it has not come back."""

    def __init__(
        self,
        steps: Sequence[Step],
        messages: Sequence[Message],
        own: str,
        note: Callable[[Home, PluginError], None],
    ) -> None:
        self.results: list[Transformed] = []
        """What is decided so far; `skip` decides the next one."""
        self.current: Home | None = None
        self._steps = steps
        self._messages = messages
        self._own = own
        self._note = note
        self._life = 0
        self._lock = tiered_lock(PLUGINS)

    @property
    def is_done(self) -> bool:
        """Whether every message is decided."""
        return len(self.results) == len(self._messages)

    def run(self) -> None:
        """Decide all that is undecided."""
        life, messages, results = self._life, self._messages, self.results
        for number in range(len(results), len(messages)):
            decided = self._decide(messages[number], life)
            with self._lock:
                if life != self._life:
                    raise Abandoned  # nobody waits: another run has taken over
                results.append(decided)
        self.current = None

    def skip(self, error: PluginError) -> Home:
        """Decide the message that hangs, and return the plugin in which it does."""
        home = self.current
        assert home is not None
        with self._lock:
            self._life += 1
            message = self._messages[len(self.results)]
            own = PluginError(home.name, error.reason, error.kind, error.details)  # the call was of all plugins
            self.results.append(own if home.is_refusing else message)
        return home

    def _decide(self, message: Message, life: int) -> Transformed:
        for step in self._steps:
            if step.home.is_gone:
                continue
            self.current = step.home
            try:
                returned = self._apply(step, message)
            except Abandoned:
                raise
            except BaseException as fault:  # noqa: BLE001  # the outermost frame of a plugin
                error = _fault(step.home.name, fault)
                if life == self._life:
                    self._note(step.home, error)
                if step.home.is_refusing:
                    return error
                continue
            if isinstance(returned, Drop):
                return returned
            message = returned
        return message

    def _apply(self, step: Step, message: Message) -> Message | Drop:
        given: dict[str, object] = {}
        if step.wants_message:
            given["message"] = message
        if step.wants_context:
            context = step.home.context(message.sender, self._place(message))
            context.hook = step.hook
            given["ctx"] = context
        returned = step.function(**given)
        if returned is None or returned is message:
            return message
        if isinstance(returned, Message):
            return message.replace(text=clean_text(returned.text))
        if isinstance(returned, Drop):
            return Drop(clean_line(str(returned.reason)))
        raise TypeError(f"{step.function.__name__} returned {type(returned).__name__}, not None, a Message or a Drop")

    def _place(self, message: Message) -> str:
        """Return where an answer to the message would go."""
        is_to_me = not message.room and message.target == self._own
        return message.sender if is_to_me else message.target


def _fault(plugin: str, fault: BaseException) -> PluginError:
    if isinstance(fault, (ChatError, TimeoutError)):
        return PluginError(plugin, describe(fault), "told", traceback_of(fault))
    kind = "exited" if isinstance(fault, (SystemExit, KeyboardInterrupt)) else "raised"
    return PluginError(plugin, describe(fault), kind, traceback_of(fault))
