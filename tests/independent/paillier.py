#!/usr/bin/env python3
"""Decrypts MediCrypt's Paillier ciphertexts with another implementation and compares what they hold.

Usage: paillier.py [FILE]    FILE is the output of `cargo run -p medicrypt-crypto --example export_paillier`;
                             without it, the script runs that command itself.

The other implementation is python-paillier (`pip install phe`) where it is installed, else Python's own integers. The first
line says which. Exit code 0 if every line says OK.
"""

import json
import math
import pathlib
import subprocess
import sys

try:
    import phe
except ImportError:
    phe = None

BINS, FIRST_BIN, SLOT = 20, 5, 64


def load():
    if len(sys.argv) > 1:
        return json.loads(pathlib.Path(sys.argv[1]).read_text())
    command = ["cargo", "run", "--quiet", "-p", "medicrypt-crypto", "--example", "export_paillier"]
    root = pathlib.Path(__file__).resolve().parents[2]
    return json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)


def decryptor(n, p, q):
    """A function from a ciphertext to a plaintext in [0, n)."""
    if phe:
        return phe.PaillierPrivateKey(phe.PaillierPublicKey(n), p, q).raw_decrypt
    # Paillier's first scheme, without the remainder theorem: lambda and mu from the paper.
    order = math.lcm(p - 1, q - 1)
    mu = pow((pow(n + 1, order, n * n) - 1) // n, -1, n)
    return lambda c: (pow(c, order, n * n) - 1) // n * mu % n


def unpack(plaintext, n):
    """Signed slots, lowest first: count, sum, squares, two of guard, the bins; then what is left over."""
    rest = plaintext - n if plaintext > n // 2 else plaintext
    slots = []
    for _ in range(FIRST_BIN + BINS):
        slot = rest % (1 << SLOT)
        if slot >= 1 << (SLOT - 1):
            slot -= 1 << SLOT
        slots.append(slot)
        rest = (rest - slot) >> SLOT
    return slots, rest


def main():
    exported = load()
    n, p, q, h_s = (int(exported[name], 16) for name in ("n", "p", "q", "h_s"))
    print(f"against: {f'python-paillier {phe.__version__}' if phe else 'plain Python integers (phe is not installed)'}")
    decrypt = decryptor(n, p, q)
    checks = [
        ("n = p * q", n == p * q),
        ("p = q = 3 mod 4, gcd(p - 1, q - 1) = 2", p % 4 == q % 4 == 3 and math.gcd(p - 1, q - 1) == 2),
        ("h_s is an n-th residue other than 1", h_s != 1 and pow(h_s, (p - 1) * (q - 1), n * n) == 1),
        # h = -x^2 has Jacobi symbol 1 but is no square: -1 modulo both primes.
        ("h_s is minus a square modulo p and q", all(pow(h_s, (f - 1) // 2, f) == f - 1 for f in (p, q))),
    ]
    for entry in exported["ciphertexts"]:
        slots, rest = unpack(decrypt(int(entry["ciphertext"], 16)), n)
        expected = entry["slots"]
        expected = [expected["count"], expected["sum"], expected["squares"], 0, 0, *expected["bins"]]
        checks.append((f"{entry['name']}: {expected[:3]}", slots == expected and rest == 0))
    for name, holds in checks:
        print("OK  " if holds else "FAIL", name)
    return 0 if all(holds for _, holds in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
