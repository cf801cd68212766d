"""Dialects: how commands and events look on a wire. Pure codecs, which decide nothing about who may do what."""
