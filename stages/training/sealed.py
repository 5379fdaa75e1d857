"""Bytes behind their SHA-256, so that one changed bit is noticed."""

import hashlib

DIGEST_BYTES = hashlib.sha256().digest_size


def seal(content: bytes) -> bytes:
    """Return `content` behind its digest."""
    return hashlib.sha256(content).digest() + content


def unseal(sealed: bytes) -> bytes:
    """Return the content that was sealed; raises ValueError where a bit has changed or a part is missing."""
    content = sealed[DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != sealed[:DIGEST_BYTES]:
        raise ValueError("its bytes are not those that were written")
    return content
