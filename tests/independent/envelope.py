#!/usr/bin/env python3
"""Makes MediCrypt's envelopes and keys again without any of its code.

    cargo run -q -p medicrypt-crypto --example export_envelope | python3 tests/independent/envelope.py

Everything is computed from the documented formats: hashes, HMAC, HKDF and PBKDF2 by Python's standard library, AES by
the `openssl` command and, where it is installed, by pycryptodome as well. Prints one OK or FAIL line per check; the
exit code is the number of failures (at most 100).
"""

import hashlib
import hmac
import json
import subprocess
import sys


def hkdf_sha512(ikm, salt, info, length):
    """RFC 5869."""
    prk = hmac.digest(salt or bytes(64), ikm, "sha512")
    okm = block = b""
    counter = 0
    while len(okm) < length:
        counter += 1
        block = hmac.digest(prk, block + info + bytes([counter]), "sha512")
        okm += block
    return okm[:length]


def text(*parts):
    """The encoding of crypto/src/encoding.rs: every part is preceded by its length in 8 bytes."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def number(value):
    return value.to_bytes(8, "big", signed=True)


def associated_data(place, salt):
    patient = place["patient"]
    return text(
        b"medicrypt/envelope/v1",
        place["table"].encode(),
        bytes.fromhex(place["row_id"]),
        number(place["row_version"]),
        place["column"].encode(),
        b"\0" if patient is None else b"\1" + bytes.fromhex(patient),
        place["policy"].encode(),
        number(place["key_generation"]),
        number(place["schema_version"]),
        salt,
    )


def openssl(mode, key, iv, data):
    command = ["openssl", "enc", mode, "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex()]
    return subprocess.run(command, input=data, capture_output=True, check=False).stdout


def aes_implementations():
    yield "openssl", lambda k, iv, p: openssl("-e", k, iv, p), lambda k, iv, c: openssl("-d", k, iv, c)
    try:
        from Crypto.Cipher import AES
        from Crypto.Util.Padding import pad
    except ImportError:
        print("SKIP pycryptodome is not installed: openssl alone checks AES")
        return
    yield (
        "pycryptodome",
        lambda k, iv, p: AES.new(k, AES.MODE_CBC, iv).encrypt(pad(p, 16)),
        lambda k, iv, c: AES.new(k, AES.MODE_CBC, iv).decrypt(c)[:-16],
    )


def check_envelope(name, case, implementations, check):
    envelope = bytes.fromhex(case["envelope"])
    version, salt, iv = envelope[:1], envelope[1:33], envelope[33:49]
    ciphertext, tag = envelope[49:-32], envelope[-32:]
    aad = associated_data(case["place"], salt)
    check(f"{name}: version 1", version == b"\1")
    check(f"{name}: associated data", aad.hex() == case["associated_data"])

    data_key = hkdf_sha512(bytes.fromhex(case["key"]), salt, case["label"].encode(), 64)
    mac_key, enc_key = data_key[:32], data_key[32:]
    authenticated = aad + iv + ciphertext + (8 * len(aad)).to_bytes(8, "big")
    check(f"{name}: tag", hmac.digest(mac_key, authenticated, "sha512")[:32] == tag)

    plaintext = case["plaintext"].encode()
    filled = plaintext + b"\x80"
    filled += bytes(-len(filled) % 256)
    # What is filled up is whole blocks already, so PKCS #7 adds exactly one more.
    for implementation, encrypt, decrypt in implementations:
        check(f"{name}: {implementation} opens it", decrypt(enc_key, iv, ciphertext) == filled)
        check(f"{name}: {implementation} seals the same", encrypt(enc_key, iv, filled) == ciphertext)


def check_kek(case, check):
    kek = hashlib.pbkdf2_hmac("sha256", case["master"].encode(), bytes.fromhex(case["salt"]), case["rounds"], 32)
    check("key-encryption key: PBKDF2-HMAC-SHA256", kek.hex() == case["kek"])


def check_derived(case, check):
    info = text(case["label"].encode(), bytes.fromhex(case["context"]))
    sub_key = hkdf_sha512(bytes.fromhex(case["key"]), b"", info, 32)
    check("derived key: HKDF-SHA512", sub_key.hex() == case["sub_key"])
    mac = hmac.digest(sub_key, case["message"].encode(), "sha256")
    check("tag under the derived key: HMAC-SHA256", mac.hex() == case["mac"])


def main():
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as source:
        exported = json.load(source)
    failures = 0

    def check(what, holds):
        nonlocal failures
        failures += not holds
        print("OK  " if holds else "FAIL", what)

    implementations = list(aes_implementations())
    for i, case in enumerate(exported["envelopes"], 1):
        check_envelope(f"envelope {i}", case, implementations, check)
    check_kek(exported["kek"], check)
    check_derived(exported["derived"], check)
    return min(failures, 100)


if __name__ == "__main__":
    sys.exit(main())
