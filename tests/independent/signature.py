#!/usr/bin/env python3
"""Verifies a signature made by MediCrypt with other implementations: the `openssl` command, the standard library's
integers, and PyCryptodome if it is installed.

    cargo run -p medicrypt-crypto --example export_signature | python3 tests/independent/signature.py

Prints a line per check; exits with 1 if one fails.
"""

import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 section 9.2, note 1: SHA-256


def openssl_verifies(pem: str, text: bytes, signature: bytes) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "key").write_text(pem)
        (folder / "signature").write_bytes(signature)
        command = ["openssl", "dgst", "-sha256", "-verify", folder / "key", "-signature", folder / "signature"]
        return subprocess.run(command, input=text, capture_output=True).returncode == 0


def arithmetic_verifies(pem: str, text: bytes, signature: bytes) -> bool:
    """RFC 8017 section 8.2.2: encode the text's hash anew and compare."""
    modulus, exponent = numbers(der_of(pem))
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size or int.from_bytes(signature, "big") >= modulus:
        return False
    hashed = DIGEST_INFO + hashlib.sha256(text).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(hashed) - 3) + b"\x00" + hashed
    return pow(int.from_bytes(signature, "big"), exponent, modulus) == int.from_bytes(expected, "big")


def pycryptodome_verifies(pem: str, text: bytes, signature: bytes) -> bool:
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import RSA
    from Crypto.Signature import pkcs1_15

    try:
        pkcs1_15.new(RSA.import_key(pem)).verify(SHA256.new(text), signature)
        return True
    except ValueError:
        return False


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))


def numbers(spki: bytes) -> tuple[int, int]:
    """The modulus and the exponent of a SubjectPublicKeyInfo."""

    def element(der: bytes) -> tuple[bytes, bytes]:
        length, start = der[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[2:start], "big")
        return der[start : start + length], der[start + length :]

    _algorithm, bits = element(element(spki)[0])
    sequence, _ = element(element(bits)[0][1:])  # past the count of unused bits
    modulus, rest = element(sequence)
    exponent, _ = element(rest)
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def main() -> int:
    exported = json.load(open(sys.argv[1]) if len(sys.argv) > 1 else sys.stdin)
    pem, text = exported["spki_pem"], exported["text"].encode()
    signature = base64.b64decode(exported["signature_b64"], validate=True)
    failed = False

    def check(name: str, holds: bool) -> None:
        nonlocal failed
        failed |= not holds
        print("OK  " if holds else "FAIL", name)

    verifiers = {"openssl": openssl_verifies, "integers": arithmetic_verifies}
    try:
        import Crypto  # noqa: F401

        verifiers["pycryptodome"] = pycryptodome_verifies
    except ImportError:
        print("--   pycryptodome is not installed, skipped")

    forged = signature[:-1] + bytes([signature[-1] ^ 1])
    for name, verifies in verifiers.items():
        check(f"{name}: the signature is good", verifies(pem, text, signature))
        check(f"{name}: another text is refused", not verifies(pem, text + b" ", signature))
        check(f"{name}: a changed signature is refused", not verifies(pem, text, forged))

    key_id = base64.urlsafe_b64encode(hashlib.sha256(der_of(pem)).digest()).rstrip(b"=").decode()
    check("the key id is the hash of the public key", key_id == exported["key_id"])
    # Equal to RFC 8785 here: keys are ASCII, numbers small integers, strings without control characters.
    rewritten = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    check("the text is canonical JSON", rewritten.encode() == text)
    check("the text names the key that signs", json.loads(text)["keyId"] == key_id)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
