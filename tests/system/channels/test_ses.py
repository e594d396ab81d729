# SPDX-License-Identifier: Apache-2.0
"""The ses adapter against a peer that says what it is told, as Amazon's API would."""

import json
import threading

import pytest

from peers import ANSWER_MALFORMED, CONNECTION_LOST, NO_ENDPOINT, NOT_ASCII, TIMED_OUT_AFTER, Server, answer, answering, read_request, send

SECRETS = {"SES_ACCESS": "AKIDEXAMPLE", "SES_SECRET": "s/cret+key"}
TOO_LARGE = 1006


class Ses(Server):
    """Takes SendBulkEmail and SendEmail. `statuses` maps addresses to the status of their entry; a request with somebody of
    `poison` in it is refused as a whole."""

    def __init__(self, statuses=None, poison=()):
        self.statuses, self.poison = statuses or {}, set(poison)
        self.mails, self.sizes, self.lock = {}, [], threading.Lock()
        super().__init__(Ses.talk)

    def take_entry(self, mail, entry):
        [address] = entry["Destination"]["ToAddresses"]
        status = self.statuses.get(address, "SUCCESS")
        if status != "SUCCESS":
            return {"Status": status, "Error": "because"}
        self.mails.setdefault(address, []).append({"mail": mail, "entry": entry})
        return {"Status": "SUCCESS", "MessageId": f"id-{address}"}

    def talk(self, connection, _):
        while True:
            request = read_request(self, connection)
            if request is None:
                return
            assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
            assert request.headers["content-type"] == "application/json"
            mail = json.loads(request.body)
            with self.lock:
                if request.path == "/v2/email/outbound-emails":
                    [address] = mail["Destination"]["ToAddresses"]
                    self.mails.setdefault(address, []).append({"mail": mail})
                    answer(connection, 200, json.dumps({"MessageId": f"id-{address}"}).encode())
                    continue
                assert (request.method, request.path) == ("POST", "/v2/email/outbound-bulk-emails")
                entries = mail["BulkEmailEntries"]
                assert len(entries) <= 50 and len(request.body) <= 1000000
                self.sizes.append(len(entries))
                if self.poison & {entry["Destination"]["ToAddresses"][0] for entry in entries}:
                    answer(connection, 400, b'{"message":"Missing final \'@domain\'"}', "x-amzn-ErrorType: BadRequestException\r\n")
                    continue
                results = [self.take_entry(mail, entry) for entry in entries]
            answer(connection, 200, json.dumps({"BulkEmailEntryResults": results}).encode())


def settings(server, **more):
    return {"url": server.url(), "region": "eu-west-1", "access_key": "env:SES_ACCESS", "secret_key": "env:SES_SECRET",
            "from": "notices@bank.test", "connections": 2, **more}


def people(count, **more):
    return [{"to": f"user{i}@mail.test", "subject": "News for {{name}}", "text": "Dear {{name}}", "token": f"{i:032d}",
             "variables": {"name": f"N{i}"}, **more} for i in range(count)]


def go(tmp_path, server, attempts, **more):
    return send(tmp_path, "ses", settings(server, **more), attempts, env=SECRETS)


def test_fifty_travel_together_with_their_values_and_tokens(tmp_path):
    with Ses() as server:
        run = go(tmp_path, server, people(120, html="<p>{{name}}</p>"), configuration_set="cs", reply_to="help@bank.test")
        assert run.counts() == {"accepted": 120} and sorted(server.sizes) == [20, 50, 50]
        assert [result["ref"] for result in run] == [f"id-user{i}@mail.test" for i in range(120)]
        [taken] = server.mails["user77@mail.test"]
        assert taken["mail"]["FromEmailAddress"] == "notices@bank.test" and taken["mail"]["ConfigurationSetName"] == "cs"
        assert taken["mail"]["ReplyToAddresses"] == ["help@bank.test"]
        content = taken["mail"]["DefaultContent"]["Template"]["TemplateContent"]
        assert content == {"Subject": "News for {{{v0}}}", "Text": "Dear {{{v0}}}", "Html": "<p>{{{v1}}}</p>"}
        entry = taken["entry"]
        assert entry["ReplacementTags"] == [{"Name": "tocsin", "Value": f"{77:032d}"}]
        data = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        assert data == {"v0": "N77", "v1": "N77"} and "ReplacementHeaders" not in entry


@pytest.mark.parametrize("more,where", [({}, "ReplacementHeaders"), ({"bulk": 1}, "Headers")])
def test_each_has_his_own_link_to_unsubscribe(tmp_path, more, where):
    one = {"to": "a@b.test", "subject": "s", "text": "t", "variables": {"unsubscribe_url": "https://n.test/u/1"}}
    with Ses() as server:
        assert go(tmp_path, server, [one], **more).counts() == {"accepted": 1}
        [taken] = server.mails["a@b.test"]
        headers = (taken.get("entry") or taken["mail"]["Content"]["Simple"])[where]
        assert headers == [{"Name": "List-Unsubscribe", "Value": "<https://n.test/u/1>"},
                           {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}]
        server.mails.clear()
        assert go(tmp_path, server, [one], list_unsubscribe=False, **more).counts() == {"accepted": 1}
        assert "List-Unsubscribe" not in json.dumps(server.mails)


def test_one_by_one_goes_without_a_template(tmp_path):
    with Ses() as server:
        run = go(tmp_path, server, people(3, html="<p>{{name}}</p>"), bulk=1, from_name="Bänk, \"the\" one", configuration_set="cs")
        assert run.counts() == {"accepted": 3} and run[1]["ref"] == "id-user1@mail.test"
        [taken] = server.mails["user1@mail.test"]
        mail = taken["mail"]
        assert mail["FromEmailAddress"].startswith("=?UTF-8?") and mail["FromEmailAddress"].endswith(" <notices@bank.test>")
        assert mail["EmailTags"] == [{"Name": "tocsin", "Value": f"{1:032d}"}] and mail["ConfigurationSetName"] == "cs"
        assert mail["Content"] == {"Simple": {"Subject": {"Data": "News for N1", "Charset": "UTF-8"},
                                              "Body": {"Text": {"Data": "Dear N1", "Charset": "UTF-8"},
                                                       "Html": {"Data": "<p>N1</p>", "Charset": "UTF-8"}}}}


def test_a_stored_template_gets_everybodys_texts(tmp_path):
    with Ses() as server:
        assert go(tmp_path, server, people(2, html="<p>{{name}}</p>"), template="plain").counts() == {"accepted": 2}
        [taken] = server.mails["user1@mail.test"]
        assert taken["mail"]["DefaultContent"] == {"Template": {"TemplateName": "plain", "TemplateData": "{}"}}
        data = json.loads(taken["entry"]["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        assert data == {"subject": "News for N1", "text": "Dear N1", "html": "<p>N1</p>"}


@pytest.mark.parametrize("status,outcome,reason", [
    ("ACCOUNT_THROTTLED", "throttled", 429), ("ACCOUNT_DAILY_QUOTA_EXCEEDED", "throttled", 429),
    ("TRANSIENT_FAILURE", "deferred", 503), ("ACCOUNT_SUSPENDED", "misconfigured", 403),
    ("ACCOUNT_SENDING_PAUSED", "misconfigured", 403), ("CONFIGURATION_SET_DOES_NOT_EXIST", "misconfigured", 404),
    ("CONFIGURATION_SET_NOT_FOUND", "misconfigured", 404), ("CONFIGURATION_SET_SENDING_PAUSED", "misconfigured", 403),
    ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "misconfigured", 403), ("TEMPLATE_DOES_NOT_EXIST", "misconfigured", 404),
    ("TEMPLATE_NOT_FOUND", "misconfigured", 404), ("INVALID_SENDING_POOL_NAME", "misconfigured", 403),
    ("MESSAGE_REJECTED", "rejected", 400), ("INVALID_PARAMETER", "rejected", 400), ("INVALID_PARAMETER_VALUE", "rejected", 400),
    ("FAILED", "rejected", 400), ("SOMETHING_NEW", "uncertain", ANSWER_MALFORMED)])
def test_an_entrys_status_is_of_its_recipient_alone(tmp_path, status, outcome, reason):
    with Ses(statuses={"user1@mail.test": status}) as server:
        run = go(tmp_path, server, people(3))
        assert run.outcomes() == [("accepted", 200), (outcome, reason), ("accepted", 200)]
        assert (run[1]["retry_after_ms"] >= 600000) == (status == "ACCOUNT_DAILY_QUOTA_EXCEEDED")
        assert server.sizes == [3]


def test_who_spoils_a_request_is_found_by_halving(tmp_path):
    with Ses(poison=["user13@mail.test"]) as server:
        run = go(tmp_path, server, people(50))
        assert run.counts() == {"accepted": 49, "rejected": 1} and run[13]["outcome"] == "rejected"
        assert len(server.sizes) <= 13 and all(len(mails) == 1 for mails in server.mails.values())


@pytest.mark.parametrize("kind,message,status,outcome,reason", [
    ("TooManyRequestsException", "Maximum sending rate exceeded", 429, "throttled", 429),
    ("ThrottlingException", "Rate exceeded", 400, "throttled", 429),
    ("com.amazonaws.sesv2#LimitExceededException:http://x", "", 400, "throttled", 429),
    ("AccountSuspendedException", "", 400, "misconfigured", 403),
    ("SendingPausedException", "", 400, "misconfigured", 403),
    ("MailFromDomainNotVerifiedException", "", 400, "misconfigured", 403),
    ("MessageRejected", "Email address is not verified. The following identities failed the check", 400, "misconfigured", 403),
    ("SignatureDoesNotMatchException", "", 403, "misconfigured", 403),
    ("NotFoundException", "Template x does not exist", 404, "misconfigured", 404),
    ("InternalServiceErrorException", "", 500, "deferred", 500),
    ("ServiceUnavailable", "", 503, "deferred", 503),
    ("", "", 502, "uncertain", 502), ("", "", 504, "uncertain", 504), ("", "", 301, "misconfigured", 301),
    ("", "", 408, "deferred", 408)])
@pytest.mark.parametrize("in_header", [True, False])
def test_what_an_error_means(tmp_path, kind, message, status, outcome, reason, in_header):
    body = {"message": message, **({} if in_header or not kind else {"__type": kind})}
    headers = f"x-amzn-ErrorType: {kind}\r\n" if in_header and kind else ""
    with Server(answering(status, json.dumps(body).encode(), headers)) as server:
        assert go(tmp_path, server, people(3)).outcomes() == [(outcome, reason)] * 3
        assert len(server.requests) == 1


def test_a_daily_quota_is_waited_for_longer(tmp_path):
    body = b'{"message":"Daily message quota exceeded."}'
    with Server(answering(429, body, "x-amzn-ErrorType: TooManyRequestsException\r\n")) as server:
        assert go(tmp_path, server, people(1))[0]["retry_after_ms"] == 600000


@pytest.mark.parametrize("status,kind,reason", [(400, "BadRequestException", 400), (400, "MessageRejected", 400), (413, "", TOO_LARGE)])
def test_a_refusal_of_one_alone_rejects_him(tmp_path, status, kind, reason):
    with Server(answering(status, b"{}", f"x-amzn-ErrorType: {kind}\r\n" if kind else "")) as server:
        assert go(tmp_path, server, people(2)).outcomes() == [("rejected", reason)] * 2
        assert len(server.requests) == 3


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"BulkEmailEntryResults":7}', b'{"BulkEmailEntryResults":[]}', b"[]",
                                  b'{"BulkEmailEntryResults":[{"Status":"SUCCES"},{},null]}'])
def test_an_answer_that_says_nothing_of_somebody_leaves_him_uncertain(tmp_path, body):
    with Server(answering(200, body)) as server:
        assert go(tmp_path, server, people(3)).outcomes() == [("uncertain", ANSWER_MALFORMED)] * 3


def test_a_lost_answer_is_uncertain(tmp_path):
    def vanish(server, connection, _):
        read_request(server, connection)

    def hang(server, connection, _):
        read_request(server, connection)
        server.closing.wait(10)

    with Server(vanish) as server:
        assert go(tmp_path, server, people(2)).outcomes() == [("uncertain", CONNECTION_LOST)] * 2
    with Server(hang) as server:
        assert go(tmp_path, server, people(2), timeout="300ms").outcomes() == [("uncertain", TIMED_OUT_AFTER)] * 2


def test_no_request_is_larger_than_amazon_takes(tmp_path):
    with Ses() as server:
        run = go(tmp_path, server, [{**one, "variables": {"name": "x" * 60000}} for one in people(50)])
        assert run.counts() == {"accepted": 50} and max(server.sizes) < 20


def test_what_amazon_could_not_take_is_not_sent(tmp_path):
    attempts = people(5)
    attempts[0]["to"] = "no address"
    attempts[1]["variables"]["name"] = "x" * 70000
    attempts[3]["to"] = "j\u00f6rg@mail.test"
    attempts[4]["to"] = "j@m\u00fcller.test"
    with Ses() as server:
        assert go(tmp_path, server, attempts).outcomes() == [
            ("rejected", NO_ENDPOINT), ("rejected", TOO_LARGE), ("accepted", 200), ("rejected", NOT_ASCII), ("accepted", 200)]
        assert server.sizes == [2] and "j@xn--mller-kva.test" in server.mails


@pytest.mark.parametrize("wrong,why", [
    ({"region": None}, "region is missing"), ({"access_key": None}, "access_key is missing"),
    ({"secret_key": None}, "secret_key is missing"), ({"from": None}, "from is missing"), ({"from": "Bank"}, "from must be an address"),
    ({"region": "eu west"}, "region must be one such as eu-west-1"), ({"url": "x"}, "url must be one such as"),
    ({"bulk": 51}, "bulk must be a number from 1 to 50"), ({"bulk": 1, "template": "t"}, "template is for requests of many"),
    ({"secret_key": "env:NOT_THERE"}, "NOT_THERE"), ({"session_token": "secret"}, "session_token")])
def test_settings_that_cannot_work_are_refused(tmp_path, wrong, why):
    given = {"region": "eu-west-1", "access_key": "env:SES_ACCESS", "secret_key": "env:SES_SECRET", "from": "a@b.test", **wrong}
    given = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(AssertionError, match=why):
        send(tmp_path, "ses", given, [], env=SECRETS)
