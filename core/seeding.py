"""Seeds derived from what they are for, so that no stream of random numbers depends on the order of work."""

from __future__ import annotations

import hashlib


def derived_seed(*parts: object) -> int:
    """A 32-bit seed that is a hash of `parts`: independent streams that never depend on the order of work."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
