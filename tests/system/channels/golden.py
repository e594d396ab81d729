# SPDX-License-Identifier: Apache-2.0
"""Golden requests: one message, sent by the provider's own client and by our adapter to a recorder, compared part by part.

A request becomes a map of parts: "method", "path", "query NAME", "header NAME", and of the body "body /pointer" (JSON, down to
each value), "body NAME" (a form; repeated names are numbered) or "body". Whatever differs must be named, with its reason, and
what is named must differ: a table that has grown old fails."""

import json
import re
import urllib.parse

# What says something about the client, the connection or the moment, and nothing about the message.
OF_THE_CLIENT = {"host", "user-agent", "accept", "accept-encoding", "accept-charset", "accept-language", "connection",
                 "content-length", "sec-fetch-mode", "x-goog-api-client", "x-amz-user-agent", "amz-sdk-invocation-id",
                 "amz-sdk-request"}


def json_parts(value, pointer=""):
    """pointer -> value, for everything that is no map and no list; an empty one stands for itself."""
    if isinstance(value, (dict, list)) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        parts = {}
        for name, member in items:
            parts.update(json_parts(member, f"{pointer}/{name}"))
        return parts
    return {pointer: value}


def numbered(pairs):
    """The values of a name that comes more than once get its number: "StatusCallbackEvent 2"."""
    parts, seen = {}, {}
    for name, value in pairs:
        seen[name] = seen.get(name, 0) + 1
        parts[name if seen[name] == 1 else f"{name} {seen[name]}"] = value
    return parts


def body_parts(request):
    kind = request.headers.get("content-type", "").split(";")[0]
    text = request.body.decode("utf-8", errors="replace")
    if not text:
        return {}
    if kind == "application/x-www-form-urlencoded":
        return {f"body {name}": value for name, value in numbered(request.form()).items()}
    try:
        return {f"body {pointer}": value for pointer, value in json_parts(json.loads(text)).items()}
    except ValueError:
        return {"body": text}


def parts_of(request):
    path, _, query = request.path.partition("?")
    parts = {"method": request.method, "path": path}
    parts.update({f"query {name}": value for name, value in
                  numbered(urllib.parse.parse_qsl(query, keep_blank_values=True)).items()})
    parts.update({f"header {name}": value for name, value in request.headers.items() if name not in OF_THE_CLIENT})
    parts.update(body_parts(request))
    return parts


def compare(ours, theirs, differences=None):
    """differences: {regular expression of a part's name: why it differs}."""
    ours, theirs = parts_of(ours), parts_of(theirs)
    differing = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
    used = set()
    unexplained = []
    for name in sorted(differing):
        reasons = [pattern for pattern in differences or {} if re.fullmatch(pattern, name)]
        used.update(reasons)
        if not reasons:
            unexplained.append(f"{name}: ours {ours.get(name)!r}, theirs {theirs.get(name)!r}")
    assert not unexplained, "\n".join(unexplained)
    assert used == set(differences or {}), f"these do not differ: {set(differences) - used}"
