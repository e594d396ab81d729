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

    def issue(self, name, address="127.0.0.1", until=None, names=("localhost",)):
        """(certificate file, key file); until: a datetime in UTC, two days from now if nobody says."""
        request, extension = self.path(name, "csr"), self.path(name, "ext")
        certificate, key = self.path(name, "pem"), self.path(name, "key")
        with open(extension, "w", encoding="ascii") as f:
            f.write("subjectAltName=" + ",".join([*(f"DNS:{each}" for each in names), f"IP:{address}"]) + "\n")
        self.run("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        if until is not None:
            self.sign_until(request, extension, certificate, until)
            return certificate, key
        self.run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-out",
                 certificate, "-extfile", extension)
        return certificate, key


    def sign_until(self, request, extension, certificate, until):
        """openssl x509 counts days from now, and whole ones; openssl ca takes any time, also one that is over."""
        settings, index = self.path("ca", "cnf"), self.path("ca", "index")
        with open(index, "w", encoding="ascii"):
            pass
        with open(settings, "w", encoding="ascii") as f:
            f.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={index}\nnew_certs_dir={self.directory}\npolicy=any\n"
                    "default_md=sha256\nunique_subject=no\nrand_serial=yes\n[any]\ncommonName=supplied\n")
        self.run("ca", "-batch", "-notext", "-config", settings, "-cert", self.file, "-keyfile", self.key, "-in", request,
                 "-out", certificate, "-extfile", extension, "-startdate", "20200101000000Z", "-enddate", f"{until:%Y%m%d%H%M%SZ}")


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
