"""The plugins that come along with libchat, one file each."""
