"""What lies between the chat and a socket, without the socket: encryption, and what waits to leave."""
