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


class Authority:
    """Signs certificates of ECDSA; `file` is its own."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.file, self.key = self.path(name, "pem"), self.path(name, "key")
        self.run("req", "-x509", *NEW_KEY, "-days", "2", "-keyout", self.key, "-out", self.file, "-subj", f"/CN={name}")

    def path(self, name, ending):
        return os.path.join(self.directory, f"{name}.{ending}")

    @staticmethod
    def run(*arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, name, address="127.0.0.1"):
        """(certificate file, key file)"""
        request, extension = self.path(name, "csr"), self.path(name, "ext")
        certificate, key = self.path(name, "pem"), self.path(name, "key")
        with open(extension, "w", encoding="ascii") as f:
            f.write(f"subjectAltName=DNS:localhost,IP:{address}\n")
        self.run("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self.run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-out",
                 certificate, "-extfile", extension)
        return certificate, key


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
