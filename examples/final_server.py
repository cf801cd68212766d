"""The original server, on top of libchat: the same flags, the same words.

    python final_server.py [--host 127.0.0.1] [--port 8080]

It serves until Ctrl-C. `final_client.py` talks to it, and so does anybody with

    openssl s_client -quiet -connect HOST:PORT

who writes `server:register NAME`, `server:who`, `join ROOM`, `NAME:TEXT`, `leave` and `exit`. What the original did not
have: TLS with a key that stays the same (it is kept in your data folder), and messages that wait for who is away.
"""

import argparse

from platformdirs import user_data_path

import libchat


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on, 0.0.0.0 for all (%(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="the port to listen on, 0 for a free one (%(default)s)")
    options = parser.parse_args()
    folder = user_data_path("final_server") / str(options.port)
    try:
        with libchat.serve(options.host, options.port, data=folder) as server:
            print(f"server: listening on {options.host}:{server.port}", flush=True)
            print(f"server: my key is {server.words}", flush=True)
            server.wait()
    except KeyboardInterrupt:
        print("server: bye")
    except (OSError, OverflowError, libchat.ChatError) as error:
        parser.exit(1, f"server: cannot serve at {options.host}:{options.port}: {error}\n")


if __name__ == "__main__":
    main()
