"""Why a picture is refused, and the limits it must keep."""

from __future__ import annotations

from dataclasses import dataclass

EMPTY = "empty"
UNSUPPORTED_TYPE = "unsupported_type"
TRUNCATED = "truncated"
CORRUPT = "corrupt"
TOO_LARGE = "too_large"
TOO_MANY_PIXELS = "too_many_pixels"
POLYGLOT = "polyglot"
DECODER_TIMEOUT = "decoder_timeout"
DECODER_CRASHED = "decoder_crashed"


class ImageRejected(ValueError):
    """A picture that Hallmark does not read; the sender's fault, never an outage.

    `code` is one of the constants of this module, stable for programs. `detail` is one or two sentences for people
    that say what was found and what to do.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def truncated(what: str) -> ImageRejected:
    """The refusal of a file that ends too early; `what` names the missing part."""
    return ImageRejected(TRUNCATED, f"The file ends before its picture does: {what}. Upload the whole file again.")


def corrupt(what: str) -> ImageRejected:
    """The refusal of a damaged file; `what` names the damage."""
    return ImageRejected(
        CORRUPT, f"The file is damaged: {what}. Open it in an image editor, save it anew as JPEG or PNG, and send that."
    )


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a picture may measure at most. The header is checked before any pixel is decoded.

    `max_bytes` is the size of the file; `max_pixels` is width × height by the header, of all frames together;
    `max_side` is the longer side in pixels; `max_frames` is how many frames an animation has.
    """

    max_bytes: int = 12_000_000
    max_pixels: int = 40_000_000
    max_side: int = 65_535
    max_frames: int = 1_000

    def check_bytes(self, size: int) -> None:
        """Raise `ImageRejected` (`empty`, `too_large`) unless a file of `size` bytes may be read."""
        if size == 0:
            raise ImageRejected(EMPTY, "No bytes arrived. Send the picture's file as the body or as the `image` part.")
        if size > self.max_bytes:
            raise ImageRejected(
                TOO_LARGE,
                f"The file has {size:,} bytes; at most {self.max_bytes:,} are read. "
                "Scale the picture down or save it as JPEG of quality 85.",
            )

    def check_pixels(self, *, width: int, height: int) -> None:
        """Raise `ImageRejected` (`corrupt`, `too_many_pixels`) unless `width` × `height` pixels may be decoded."""
        if width < 1 or height < 1:
            raise corrupt(f"its header says {width}×{height} pixels")
        if width * height > self.max_pixels or max(width, height) > self.max_side:
            raise ImageRejected(
                TOO_MANY_PIXELS,
                f"The picture has {width}×{height} pixels; at most {self.max_pixels:,} pixels and "
                f"{self.max_side:,} a side are read. Scale it down; 1200 pixels on the longer side are plenty.",
            )

    def check_frames(self, frames: int, *, width: int, height: int) -> None:
        """Raise `ImageRejected` (`too_many_pixels`) unless `frames` of `width` × `height` pixels may be decoded."""
        if frames > self.max_frames or frames * width * height > self.max_pixels:
            raise ImageRejected(
                TOO_MANY_PIXELS,
                f"The animation has {frames:,} frames of {width}×{height} pixels; at most {self.max_frames:,} frames "
                f"and {self.max_pixels:,} pixels in all are read. Scale it down, or leave frames out.",
            )
