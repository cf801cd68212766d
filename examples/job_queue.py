"""A queue of jobs that tells people what became of theirs: in private, and to a room that watches.

    python job_queue.py                        shows it, in a chat in process
    python job_queue.py ADDRESS NAME [FOLDER]  runs two jobs, and tells NAME at a server; an invite will do, too

Who is away is told on coming back. The `cid` of a notification is made of the number of its job: a queue that is run
again with the same FOLDER, and does not know what it has told already, may tell it again, and it is still said once.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import libchat


class Jobs:
    """Run jobs in threads, and tell who ordered them how they went. A failed one is told, and harms no other."""

    def __init__(self, chat: libchat.Participant, room: str, workers: int = 1) -> None:
        self._chat, self._room = chat, room
        self._workers = ThreadPoolExecutor(workers)
        chat.on(libchat.Entry, lambda entry: None)  # what is said to the queue is not waited for
        chat.join(room)

    def order(self, number: int, owner: str, work: Callable[[], object]) -> Future[None]:
        return self._workers.submit(self._run, number, owner, work)

    def close(self) -> None:
        self._workers.shutdown()

    def _run(self, number: int, owner: str, work: Callable[[], object]) -> None:
        try:
            text = f"job {number} is done: {work()}"
        except Exception as error:  # noqa: BLE001  # a job is somebody else's code
            text = f"job {number} has failed: {type(error).__name__}: {error}"
        self._tell(self._room, f"{owner}: {text}", f"job{number}-room")
        self._tell(owner, text, f"job{number}")

    def _tell(self, target: str, text: str, cid: str) -> None:
        try:
            self._chat.send(target, text[:1_000], cid=cid).accepted()
        except libchat.Refused as refused:  # nobody was ever called so, or too much waits for them already
            print(f"{target} could not be told {text!r}: {refused.reason}", file=sys.stderr)


def work_at(chat: libchat.Participant, owner: str) -> None:
    jobs = Jobs(chat, "#jobs")
    jobs.order(1, owner, lambda: f"{sum(range(1_000)):,}")
    jobs.order(2, owner, lambda: 1 // 0)
    jobs.close()


def main() -> None:
    with libchat.Hub() as hub, hub.connect("bo") as bo:
        bo.join("#jobs")
        hub.connect("ana").close()  # she has ordered something, and left
        with hub.connect("jobs") as chat:
            work_at(chat, "ana")
        with hub.connect("ana") as ana:
            for who in (ana, ana, bo, bo):
                print(f"{who.name} reads: {who.receive(timeout=5).text}")


if __name__ == "__main__":
    try:
        if sys.argv[2:]:
            with libchat.connect(sys.argv[1], "jobs", state=sys.argv[3] if sys.argv[3:] else None) as server:
                work_at(server, sys.argv[2])
        elif sys.argv[1:]:
            raise SystemExit(__doc__)
        else:
            main()
    except (libchat.ChatError, OSError, ValueError) as error:
        raise SystemExit(f"job_queue.py: {error}") from None
