"""A screen for windows, where there is none: Xvfb, and pictures of what is on it."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WIDTH: Final = 900
HEIGHT: Final = 560
_HEADER: Final = struct.Struct(">25I")
"""An XWD file (`XWDFile.h`): 25 numbers, the window's name, a table of colours, and the rows of the picture."""


@dataclass(frozen=True, slots=True)
class Display:
    """A screen that nobody sees. `name` is what programs find in $DISPLAY."""

    name: str
    _memory: Path

    def png(self) -> bytes:
        """Return what is on the screen, as a picture."""
        data = self._memory.read_bytes()
        header = _HEADER.unpack_from(data)
        header_size, width, height, row_bytes, colours = header[0], header[4], header[5], header[12], header[19]
        start = header_size + 12 * colours
        rows = [data[start + row_bytes * row :][: 4 * width] for row in range(height)]
        return _png(width, height, b"".join(b"\0" + _rgb(row) for row in rows))


@contextmanager
def virtual_display(folder: Path) -> Iterator[Display]:
    """Run Xvfb, which looks for a free number by itself and keeps its screen in a file of the folder."""
    size = f"{WIDTH}x{HEIGHT}x24"
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-fbdir", str(folder), "-nolisten", "tcp", "-nocursor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            yield Display(f":{server.stdout.readline().strip()}", folder / "Xvfb_screen0")
        finally:
            server.terminate()


def _rgb(row: bytes) -> bytes:
    """Return a row of blue, green, red and nothing as one of red, green and blue."""
    pixels = bytearray(3 * (len(row) // 4))
    pixels[0::3], pixels[1::3], pixels[2::3] = row[2::4], row[1::4], row[0::4]
    return bytes(pixels)


def _png(width: int, height: int, rows: bytes) -> bytes:
    """Return a picture of eight bits a colour (ISO 15948)."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
