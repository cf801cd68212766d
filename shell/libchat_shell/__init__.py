"""The shell of libchat: a prompt with the chat scrolling above it."""
