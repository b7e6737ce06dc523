"""Contract addresses in one form a chain, so that two of them can be compared."""

from __future__ import annotations

import base64
import binascii
import re
from enum import StrEnum
from typing import Final

__all__ = ["EVM_MARKERS", "AddressRule", "comparable_address"]


class AddressRule(StrEnum):
    """How addresses of a network are compared.

    ``evm``: twenty bytes in hexadecimal, any case; ``hex``: an account in hexadecimal, any case, leading zeros without
    meaning, a case-sensitive path after ``::``; ``ton``: raw or friendly form; ``exact``: letter by letter.
    """

    EVM = "evm"
    HEX = "hex"
    TON = "ton"
    EXACT = "exact"


_EVM: Final = re.compile(r"(?:0x|ronin:|xdc)([0-9a-f]{40})", re.IGNORECASE)
_HEX: Final = re.compile(r"0x([0-9a-f]{1,64})((?:::.+)?)", re.IGNORECASE | re.DOTALL)
_TON_RAW: Final = re.compile(r"(-1|0):([0-9a-f]{64})", re.IGNORECASE)
EVM_MARKERS: Final = frozenset({f"0x{'0' * 40}", f"0x{'e' * 40}"})
"""What venues and contracts of EVM chains write for the native coin."""


def comparable_address(text: str | None, rule: AddressRule = AddressRule.EXACT) -> str | None:
    """Return an address in the form in which equal ones are equal text.

    Parameters
    ----------
    text
        As a venue writes it; null or blank where it has none.
    rule
        That of the network.

    Returns
    -------
    str or None
        None where nothing is given, and for text that is no address under the rule: it is no evidence either way.
    """
    text = (text or "").strip()
    if not text:
        return None
    if rule is AddressRule.EVM:
        found = _EVM.fullmatch(text)
        return f"0x{found[1].lower()}" if found else None
    if rule is AddressRule.HEX:
        found = _HEX.fullmatch(text)
        return f"0x{found[1].lower().lstrip('0') or '0'}{found[2]}" if found else None
    return _ton(text) if rule is AddressRule.TON else text


def _ton(text: str) -> str | None:
    """Return the raw form of a TON address; the friendly one carries flags and a CRC-16 (TEP-2, 2022)."""
    raw = _TON_RAW.fullmatch(text)
    if raw:
        return f"{raw[1]}:{raw[2].lower()}"
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return None
    if len(data) != 36 or binascii.crc_hqx(data[:34], 0) != int.from_bytes(data[34:], "big"):
        return None
    return f"{int.from_bytes(data[1:2], 'big', signed=True)}:{data[2:34].hex()}"
