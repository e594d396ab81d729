# SPDX-License-Identifier: Apache-2.0
"""STARTTLS and login of the smtp adapter against aiosmtpd."""

import asyncio
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult

import peers
from cluster import free_port
from peers import send

ONE = [{"to": "alice@customer.test", "subject": "Outage", "text": "Dear Alice,\nsorry.\n"}]
PASSWORD = {"RELAY_PASSWORD": "s3cret æ"}


class Keep(Message):
    def __init__(self):
        super().__init__()
        self.mails = []
        self.sessions = []

    async def handle_DATA(self, server, session, envelope):
        self.sessions.append((session.ssl is not None, session.auth_data))
        return await super().handle_DATA(server, session, envelope)

    def handle_message(self, message):
        self.mails.append(message)


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"tocsin", PASSWORD["RELAY_PASSWORD"].encode())
    return AuthResult(success=good, handled=False, auth_data=data.login if good else None)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return peers.make_certificate(str(tmp_path_factory.mktemp("tls")))


@pytest.fixture
def relay(certificate):
    """Starts relays; ends them after the test."""
    controllers = []

    def start(implicit=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        if options.pop("tls", False):
            options["tls_context"] = context
        handler = Keep()
        controller = Controller(handler, hostname="127.0.0.1", port=free_port(), loop=asyncio.new_event_loop(),
                                ssl_context=context if implicit else None, **options)
        controller.start()
        controllers.append(controller)
        return controller.port, handler
    yield start
    for controller in controllers:
        controller.stop()


def settings(port, **more):
    return {"host": "127.0.0.1", "port": port, "from": "notices@bank.test", "connections": 2, "timeout": "5s",
            "connect_timeout": "5s", **more}


LOGIN = {"user": "tocsin", "password": "env:RELAY_PASSWORD"}


def test_starttls_and_login(tmp_path, relay, certificate):
    port, handler = relay(tls=True, require_starttls=True, authenticator=authenticate, auth_required=True)
    run = send(tmp_path, "smtp", settings(port, ca_file=certificate[0], **LOGIN), [{**ONE[0], "repeat": 20}], env=PASSWORD)
    assert run.counts() == {"accepted": 20}
    assert handler.sessions == [(True, b"tocsin")] * 20
    assert handler.mails[0]["Subject"] == "Outage"


def test_tls_from_the_first_byte(tmp_path, relay, certificate):
    port, handler = relay(implicit=True)
    run = send(tmp_path, "smtp", settings(port, implicit_tls=True, ca_file=certificate[0]), ONE)
    assert run.outcomes() == [("accepted", 250)]
    assert len(handler.mails) == 1


def test_a_wrong_password_is_a_matter_of_configuration(tmp_path, relay, certificate):
    port, handler = relay(tls=True, authenticator=authenticate, auth_required=True)
    run = send(tmp_path, "smtp", settings(port, ca_file=certificate[0], **LOGIN), ONE, env={"RELAY_PASSWORD": "wrong"})
    assert run.outcomes() == [("misconfigured", 535)]
    assert not handler.mails


def test_a_missing_login_is_a_matter_of_configuration(tmp_path, relay, certificate):
    port, handler = relay(tls=True, authenticator=authenticate, auth_required=True)
    run = send(tmp_path, "smtp", settings(port, ca_file=certificate[0]), ONE)
    assert run.outcomes() == [("misconfigured", 530)]
    assert not handler.mails


def test_a_relay_that_takes_no_login_is_a_matter_of_configuration(tmp_path, relay):
    port, _ = relay()
    run = send(tmp_path, "smtp", settings(port, starttls="off", **LOGIN), ONE, env=PASSWORD)
    assert run.outcomes() == [("misconfigured", peers.AUTHENTICATION_FAILED)]


def test_without_tls_nothing_is_said_where_it_is_required(tmp_path, relay):
    port, handler = relay()
    run = send(tmp_path, "smtp", settings(port), ONE)
    assert run.outcomes() == [("misconfigured", peers.TLS_FAILED)]
    assert not handler.mails


@pytest.mark.parametrize("tls", [True, False])
def test_opportunistic_takes_what_there_is(tmp_path, relay, certificate, tls):
    port, handler = relay(tls=tls)
    run = send(tmp_path, "smtp", settings(port, starttls="opportunistic", ca_file=certificate[0]), ONE)
    assert run.outcomes() == [("accepted", 250)]
    assert handler.sessions[0][0] is tls


def test_a_certificate_is_verified(tmp_path, relay):
    port, handler = relay(tls=True)
    run = send(tmp_path, "smtp", settings(port), ONE)
    assert run.outcomes() == [("misconfigured", peers.TLS_FAILED)]
    assert not handler.mails
    run = send(tmp_path, "smtp", settings(port, insecure_tls=True), ONE)
    assert run.outcomes() == [("accepted", 250)]


def test_a_large_mail_goes_through_tls(tmp_path, relay, certificate):
    port, handler = relay(tls=True, data_size_limit=None)
    text = "".join(f"line {i} of a very long mail\n" for i in range(50000))
    run = send(tmp_path, "smtp", settings(port, ca_file=certificate[0]), [{**ONE[0], "text": text}])
    assert run.outcomes() == [("accepted", 250)]
    assert handler.mails[0].get_payload().replace("\r\n", "\n") == text


def test_a_mail_beyond_the_relays_size_is_rejected(tmp_path, relay, certificate):
    port, handler = relay(tls=True, data_size_limit=10000)
    run = send(tmp_path, "smtp", settings(port, ca_file=certificate[0]), [{**ONE[0], "text": "long line of text\n" * 1000}])
    assert run[0]["outcome"] == "rejected" and run[0]["reason"] == 552
    assert not handler.mails
