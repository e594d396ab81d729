# SPDX-License-Identifier: Apache-2.0
"""The ses adapter against aws-ses-v2-local, which fills templates as Handlebars does, and against the signer of Amazon's client."""

import json
import urllib.request

import pytest

from peers import send
from node_peer import node_peer

SECRETS = {"SES_ACCESS": "AKIDEXAMPLE", "SES_SECRET": "s/cret+key", "SES_SESSION": "a/session+token=="}


def settings(server, **more):
    return {"url": server.url(), "region": "eu-west-1", "access_key": "env:SES_ACCESS", "secret_key": "env:SES_SECRET",
            "from": "notices@bank.test", "connections": 2, **more}


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with node_peer(tmp_path_factory.mktemp("ses"), "ses_local.js") as server:
        yield server


def post(server, path, value):
    request = urllib.request.Request(server.url(path), json.dumps(value).encode(),
                                     {"Content-Type": "application/json", "Authorization": "AWS4 x"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.status


def mails(server):
    with urllib.request.urlopen(server.url("/store"), timeout=10) as reply:
        return {mail["destination"]["to"][0]: mail for mail in json.load(reply)["emails"]}


# What Handlebars could take for its own, between, before and behind values.
NASTY = [
    "plain {{n}}", "{{n}}", "\\{{{n}}", "{{n}}}", "a\\{{b}} {{n}}", "x{{n}}{{n}}y", "{\\{{n}}", "\\{{{{n}}", "\\\\{{n}}", "c:\\\\{{n}}",
    "{ color: red }{{n}}{", "\\{{#if x}}\\{{/if}}{{n}}", "\\{{{\\{{n}} {{n}}}}", "{}{}{{n}}}{", "\\{{> partial}} {{n}} \\{{! no }}", "}}{{n}}}}",
]


@pytest.mark.parametrize("more", [{}, {"bulk": 1}, {"template": "everything"}], ids=["inline", "single", "stored"])
def test_everybody_reads_what_was_written(tmp_path, local, more):
    assert post(local, "/clear-store", {}) == 200
    if "template" in more:
        assert post(local, "/v2/email/templates", {"TemplateName": "everything", "TemplateContent": {
            "Subject": "{{{subject}}}", "Text": "{{{text}}}", "Html": "{{{html}}}"}}) == 200
    name = 'A & "B" <c> {{{v1}}} \\ \n\u4e2d'
    attempts = [{"to": f"user{i}@mail.test", "subject": f"s {text}", "text": text, "html": f"<p>{text}</p>",
                 "variables": {"n": name, "unsubscribe_url": "https://n.test/u/1"}} for i, text in enumerate(NASTY)]
    run = send(tmp_path, "ses", settings(local, **more), attempts, env=SECRETS)
    assert run.counts() == {"accepted": len(NASTY)}
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    taken = mails(local)
    for i, text in enumerate(NASTY):
        read = text.replace("\\{{", "\0").replace("{{n}}", name).replace("\0", "{{")
        read_html = text.replace("\\{{", "\0").replace("{{n}}", escaped).replace("\0", "{{")
        mail = taken[f"user{i}@mail.test"]
        assert (mail["subject"], mail["body"]["text"], mail["body"]["html"]) == (f"s {read}", read, f"<p>{read_html}</p>"), text
        assert {header["name"] for header in mail["headers"]} == {"List-Unsubscribe", "List-Unsubscribe-Post"}
        assert mail["messageId"] == run[i]["ref"]


def test_an_entry_that_is_refused_is_his_alone(tmp_path, local):
    attempts = [{"to": to, "subject": "s", "text": "t"} for to in ("a@b.test", "a@[127.0.0.1]", "c@d.test")]
    run = send(tmp_path, "ses", settings(local), attempts, env=SECRETS)
    assert [result["outcome"] for result in run] == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("session", [None, "a/session+token=="])
@pytest.mark.parametrize("bulk", [1, 50])
def test_amazons_own_signer_comes_to_the_same_signature(tmp_path, session, bulk):
    credentials = {"region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": "s/cret+key", "session": session}
    one = {"to": "a@b.test", "subject": "\u00fc {{n}}", "text": "x", "variables": {"n": "\u4e2d"}}
    more = {"session_token": "env:SES_SESSION"} if session else {}
    with node_peer(tmp_path, "ses_signature.js", credentials) as server:
        genuine = send(tmp_path, "ses", settings(server, bulk=bulk, **more), [one], env=SECRETS)
        assert genuine.counts() == {"accepted": 1} and genuine[0]["ref"] == "m-1"
        forged = send(tmp_path, "ses", settings(server, bulk=bulk, **more), [one], env={**SECRETS, "SES_SECRET": "another"})
        assert forged.outcomes() == [("misconfigured", 403)]
        elsewhere = send(tmp_path, "ses", settings(server, bulk=bulk, **more, **{"region": "us-east-1"}), [one], env=SECRETS)
        assert elsewhere.outcomes() == [("misconfigured", 403)]
