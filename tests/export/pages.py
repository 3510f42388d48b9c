"""Pages that carry an archive."""

from __future__ import annotations

import base64


def page_with(content: bytes) -> bytes:
    """Give a page that carries some bytes where an exported one carries its archive."""
    carried = base64.b64encode(content)
    return (
        b"<!doctype html><title>bell</title><p>Seen by everybody</p>"
        b'<script type="application/octet-stream;base64" id="oqc-archive">'
        + carried
        + b"</script></html>"
    )
