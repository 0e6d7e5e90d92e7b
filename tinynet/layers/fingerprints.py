"""Hashes of text by which TensorFlow, and so Keras, numbers categories: FarmHash and SipHash, in 64-bit arithmetic.

Both are the same in every process and on every machine. Whole numbers of Python stand for the 64-bit words: `_MASK`
cuts off what would overflow.
"""

from __future__ import annotations

from typing import Any

_MASK = (1 << 64) - 1
# Odd constants of FarmHash, primes between 2^63 and 2^64.
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate(word, count):
    """The bits of a word moved to the right by `count`, around its end."""
    return (word >> count | word << (64 - count)) & _MASK


def _word(data, start, size=8):
    """The number that `size` bytes from `start` are, the lowest byte first. A negative start counts from the end."""
    start += len(data) if start < 0 else 0
    return int.from_bytes(data[start:start + size], "little")


def _shift_mix(word):
    return word ^ word >> 47


def _mix(u, v, factor):
    """One word of two."""
    a = _shift_mix((u ^ v) * factor & _MASK)
    b = _shift_mix((v ^ a) * factor & _MASK)
    return b * factor & _MASK


def fingerprint64(data: bytes) -> int:
    """Return FarmHash's Fingerprint64 of some bytes, which `tf.strings.to_hash_bucket_fast` divides by the buckets.

    Source: G. Pike, FarmHash, https://github.com/google/farmhash (the variant "na").

    >>> fingerprint64(b"A") % 3, fingerprint64(b"B") % 3  # as in the documentation of Keras's Hashing
    (1, 0)
    """
    length = len(data)
    factor = _K2 + 2 * length & _MASK
    if length > 64:
        return _fingerprint_long(data)
    if length > 16:
        # The first 16 bytes and the last 16; a longer text mixes in the 16 in the middle on both sides.
        a, b = _word(data, 0) * (_K2 if length > 32 else _K1) & _MASK, _word(data, 8)
        c, d = _word(data, -8) * factor & _MASK, _word(data, -16) * _K2 & _MASK
        y = _rotate(a + b & _MASK, 43) + _rotate(c, 30) + d & _MASK
        z = _mix(y, a + _rotate(b + _K2 & _MASK, 18) + c & _MASK, factor)
        if length <= 32:
            return z
        e, f = _word(data, 16) * factor & _MASK, _word(data, 24)
        g, h = (y + _word(data, -32)) * factor & _MASK, (z + _word(data, -24)) * factor & _MASK
        return _mix(_rotate(e + f & _MASK, 43) + _rotate(g, 30) + h & _MASK,
                    e + _rotate(f + a & _MASK, 18) + g & _MASK, factor)
    if length >= 8:
        a, b = _word(data, 0) + _K2 & _MASK, _word(data, -8)
        c = _rotate(b, 37) * factor + a & _MASK
        d = (_rotate(a, 25) + b) * factor & _MASK
        return _mix(c, d, factor)
    if length >= 4:
        return _mix(length + (_word(data, 0, 4) << 3), _word(data, -4, 4), factor)
    if length:
        y = data[0] + (data[length >> 1] << 8)
        z = length + (data[-1] << 2)
        return _shift_mix((y * _K2 ^ z * _K0) & _MASK) * _K2 & _MASK
    return _K2


def _fingerprint_long(data):
    """Fingerprint64 of more than 64 bytes: 56 bytes of state take in 64 bytes at a time, at last the last 64."""
    seed = 81
    x = (seed * _K2 + _word(data, 0)) & _MASK
    y = seed * _K1 + 113 & _MASK
    z = _shift_mix(y * _K2 + 113 & _MASK) * _K2 & _MASK
    v, w = (0, 0), (0, 0)
    blocks = (len(data) - 1) // 64
    for start in range(0, 64 * blocks, 64):
        x, y, z, v, w = _take_in(data, start, x, y, z, v, w, _K1, 1)
    factor = _K1 + ((z & 0xFF) << 1) & _MASK
    w = w[0] + (len(data) - 1 & 63) & _MASK, w[1]
    v = v[0] + w[0] & _MASK, v[1]
    w = w[0] + v[0] & _MASK, w[1]
    x, y, z, v, w = _take_in(data, len(data) - 64, x, y, z, v, w, factor, 9)
    return _mix(_mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z & _MASK,
                _mix(v[1], w[1], factor) + x & _MASK, factor)


def _take_in(data, start, x, y, z, v, w, factor, weight):
    """The state after 64 more bytes."""
    x = _rotate(x + y + v[0] + _word(data, start + 8) & _MASK, 37) * factor & _MASK
    y = _rotate(y + v[1] + _word(data, start + 48) & _MASK, 42) * factor & _MASK
    x ^= w[1] * weight & _MASK
    y = y + v[0] * weight + _word(data, start + 40) & _MASK
    z = _rotate(z + w[0] & _MASK, 33) * factor & _MASK
    v = _weak(data, start, v[1] * factor & _MASK, x + w[0] & _MASK)
    w = _weak(data, start + 32, z + w[1] & _MASK, y + _word(data, start + 16) & _MASK)
    return z, y, x, v, w


def _weak(data, start, a, b):
    """Two words of 32 bytes and two words."""
    first, second, third, fourth = (_word(data, start + 8 * i) for i in range(4))
    a = a + first & _MASK
    b = _rotate(b + a + fourth & _MASK, 21)
    total = a + second + third & _MASK
    return total + fourth & _MASK, b + _rotate(total, 44) + a & _MASK


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """Return SipHash-2-4 of some bytes under a key, which `tf.strings.to_hash_bucket_strong` divides by the buckets.

    Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.

    Args:
        data: The bytes.
        key: Two numbers of 64 bits.

    >>> hex(siphash(bytes(range(15)), (0x0706050403020100, 0x0f0e0d0c0b0a0908)))  # the paper's appendix A
    '0xa129ca6149be45e5'
    """
    k0, k1 = (part & _MASK for part in key)
    state = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    whole = len(data) // 8 * 8
    words = [_word(data, start) for start in range(0, whole, 8)]
    words.append((len(data) & 0xFF) << 56 | int.from_bytes(data[whole:], "little"))
    for word in words:
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state, count):
    """SipHash's rounds: additions, rotations to the left and exclusive ors."""
    a, b, c, d = state
    for _ in range(count):
        a = a + b & _MASK
        b = _rotate(b, 64 - 13) ^ a
        a = _rotate(a, 32)
        c = c + d & _MASK
        d = _rotate(d, 64 - 16) ^ c
        a = a + d & _MASK
        d = _rotate(d, 64 - 21) ^ a
        c = c + b & _MASK
        b = _rotate(b, 64 - 17) ^ c
        c = _rotate(c, 32)
    state[:] = a, b, c, d


def as_key(salt: Any, owner: str) -> list[int] | None:
    """Return the key of `siphash` that a layer's argument `salt` means: two numbers, or one that counts twice.

    Args:
        salt: None, an int, or two of them.
        owner: The layer, for the message.

    Raises:
        ValueError: `salt` is something else.

    >>> as_key(133, "Hashing")
    [133, 133]
    """
    parts = list(salt) if isinstance(salt, list | tuple) else [salt, salt]
    if salt is None:
        return None
    if len(parts) != 2 or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        raise ValueError(f"{owner}: salt must be an int, two ints, or None, got {salt!r}")
    return parts


def bucket(token: str | bytes | int, buckets: int, key: list[int] | None = None) -> int:
    """Return the number of a text, or of an integer's digits, below `buckets`: TensorFlow's.

    Args:
        token: The text, as UTF-8 if it is a str, or the integer.
        buckets: How many numbers there are.
        key: From `as_key`.

    >>> bucket("A", 3), bucket("A", 3, [133, 137])
    (1, 1)
    """
    data = token if isinstance(token, bytes) else str(token).encode()
    return (fingerprint64(data) if key is None else siphash(data, (key[0], key[1]))) % buckets
