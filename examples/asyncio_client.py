"""Two clients in one event loop: one asks, the other answers until it has heard enough.

    python asyncio_client.py

It is the same as with threads, with `await` before what takes its time: `send` returns when the log has the message.
"""

import asyncio

import libchat
from libchat import aio


async def answer(chat: aio.AsyncClient) -> None:
    async for message in chat:
        await chat.send(message.sender, f"You said {message.text!r}.")
        if message.text == "bye":
            return


async def main() -> None:
    with libchat.serve(port=0) as server:
        async with (
            aio.connect(server.address, "ana", pin=server.pin) as ana,
            aio.connect(server.address, "echo", pin=server.pin) as echo,
        ):
            answering = asyncio.create_task(answer(echo))
            for text in ("hello", "bye"):
                accepted = await ana.send("echo", text)
                print(f"message {accepted.seq}: {(await ana.receive()).text}")
            await answering


if __name__ == "__main__":
    asyncio.run(main())
