# SPDX-License-Identifier: Apache-2.0
"""Certificates for peers on loopback."""

import os
import subprocess


def make_certificate(directory, name="localhost", address="127.0.0.1"):
    """A self-signed certificate for a name and an address: (certificate file, key file)."""
    cert, key = os.path.join(directory, f"{name}.pem"), os.path.join(directory, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:{address}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key
