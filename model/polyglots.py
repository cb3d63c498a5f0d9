"""Files that are a picture and something else at once.

Such a file is a picture to Hallmark and a program, page or archive to whoever stores or serves it later. Only bytes
that hold no pixels are searched for short patterns, so that chance in compressed data refuses nobody's photo; what
phones append (a second JPEG, a video, maker notes, depth maps) passes.
Sources: Albertini, "Abusing file formats" (PoC||GTFO 7:6); Heyes, "Bypassing CSP using polyglot JPEGs" (2016);
PKWARE APPNOTE 6.3.10, section 4.3.16.
"""

from __future__ import annotations

import re
import struct

from model.rejection import POLYGLOT, ImageRejected

_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|object|embed)[\s>/]", re.IGNORECASE)
_PROGRAMS = (
    (_MARKUP, "a web page or script"),
    (re.compile(rb"<\?php[\s(]", re.IGNORECASE), "a PHP program"),
    (re.compile(rb"__HALT_COMPILER\s*\(", re.IGNORECASE), "a PHP archive"),
    (re.compile(rb"%PDF-[12]\.\d"), "a PDF document"),
    (re.compile(rb"Rar!\x1a\x07[\x00\x01]"), "a RAR archive"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
)
_LONG_PATTERNS = (b"<script", b"<!doctype html", b"__halt_compiler", b"<?php ")
_ZIP_END, _ZIP_ENTRY, _ZIP64_LOCATOR = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x07"
_ZIP_END_BYTES = 22
_PDF_HEAD_BYTES = 1024  # where readers of PDF look for its first line


def refuse_second_file(data: bytes, *, rest: bytes) -> None:
    """Raise `ImageRejected` (`polyglot`) if the picture `data` is also a page, program, document or archive.

    `rest` holds the parts of `data` that are no pixels: metadata, comments, and what follows the picture's end.
    """
    found = _second_kind(data, rest)
    if found is not None:
        raise ImageRejected(
            POLYGLOT,
            f"The file is a picture and also {found}. Save the picture anew, without metadata, and send that.",
        )


def _second_kind(data: bytes, rest: bytes) -> str | None:
    for pattern, kind in _PROGRAMS:
        if pattern.search(rest):
            return kind
    lowered = data.lower()
    suspicions = (
        (b"%PDF-" in data[:_PDF_HEAD_BYTES], "a PDF document"),
        (any(pattern in lowered for pattern in _LONG_PATTERNS), "a web page or program"),
        (_is_zip(data), "a ZIP archive"),
        (data[257:262] == b"ustar", "a TAR archive"),
        (_is_javascript(data, rest), "a JavaScript program"),
    )
    return next((kind for suspected, kind in suspicions if suspected), None)


def _is_zip(data: bytes) -> bool:
    """Whether some end record in `data` has a central directory before it, as unpackers need."""
    position = data.find(_ZIP_END)
    while position >= 0:
        record = data[position : position + _ZIP_END_BYTES]
        if len(record) == _ZIP_END_BYTES:
            directory = position - struct.unpack_from("<I", record, 12)[0]
            points_back = directory >= 0 and data[directory : directory + 4] == _ZIP_ENTRY
            if points_back or data[max(0, position - 20) :].startswith(_ZIP64_LOCATOR) or not any(record[4:20]):
                return True
        position = data.find(_ZIP_END, position + 1)
    return False


def _is_javascript(data: bytes, rest: bytes) -> bool:
    """Whether the header opens a JavaScript comment (in a length field) that a later part closes."""
    opens = data[4:6] == b"/*" if data.startswith(b"\xff\xd8") else data[6:8] == b"/*"
    return opens and b"*/" in rest
