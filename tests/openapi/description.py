# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml, and whether what the coordinator says is as it describes: answers, the lines and events in them, webhooks."""

import json
import os
import re
import urllib.parse

import jsonschema
import yaml

FILE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
JSON_TYPES = ("application/json", "application/problem+json")
EVENTS = "text/event-stream"
LINE_TYPES = ("application/x-ndjson", EVENTS)
METHODS = ("get", "put", "post", "patch", "delete")
# Answers of the HTTP library, which come before any route: docs/api.md, conventions.
LIBRARY_STATUSES = (400, 413, 414, 431, 505)


def lines_of(media, body):
    """The documents in a body of lines, or of events, as text; what is behind the last line's end is none."""
    lines = body.split(b"\n")[:-1]
    return [line.removeprefix(b"data:") for line in lines if line.startswith(b"data:")] if media == EVENTS else lines


def pattern_of(path):
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)) + "$")


class Description:
    def __init__(self, file=FILE):
        with open(file, encoding="utf-8") as f:
            self.document = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        # What has no part in braces goes first: /v1/suppressions/export is no /v1/suppressions/{channel}.
        paths = sorted(self.document["paths"], key=lambda path: (path.count("{"), path))
        self.paths = [(pattern_of(path), path) for path in paths]
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.validators = {}

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operations(self):
        """(method, path, operation, its parameters with those of its path), all of them."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    parameters = item.get("parameters", []) + item[method].get("parameters", [])
                    yield method.upper(), path, item[method], [self.resolve(parameter) for parameter in parameters]

    def find(self, method, path):
        """The path's name and operation; None for what is not there."""
        for pattern, name in self.paths:
            if pattern.match(path):
                method = "get" if method == "HEAD" else method.lower()
                return name, self.document["paths"][name].get(method)
        return None, None

    def response_of(self, operation, status):
        for key in (str(status), f"{status // 100}XX"):
            if key in operation["responses"]:
                return self.resolve(operation["responses"][key])
        return None

    def errors_of_text(self, schema, text):
        try:
            value = json.loads(text)
        except ValueError as error:
            return [f"{text[:100]!r} is no JSON: {error}"]
        return self.errors_of(schema, value)

    def errors_of(self, schema, value):
        """What does not fit, the deepest first."""
        key = id(schema)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{error.json_path}: {error.message[:300]}" for error in self.validators[key].iter_errors(value)]

    def errors_of_lines(self, media, schema, body):
        """As errors_of, of a body whose described schema is that of a line, or of an event."""
        if schema.get("type") == "string":
            return []
        return [error for line in lines_of(media, body) for error in self.errors_of_text(schema, line)]

    def check(self, method, path, status, content_type, body, is_whole=True):
        """None, or what of the answer is not as described. What broke off: as far as it came."""
        name, operation = self.find(method, urllib.parse.urlsplit(path).path)
        media = (content_type or "").split(";")[0]
        if media in ("", "text/html") and status in LIBRARY_STATUSES:
            return None  # pages that do not say what they are
        if operation is None:
            if status not in (404, 405, 401, 408, 413, 414, 431):
                return f"{method} {path} is not described, and answered {status}"
            response = self.resolve({"$ref": "#/components/responses/Refused"})
        else:
            response = self.response_of(operation, status)
        if response is None:
            return f"{method} {name}: {status} is not described"
        content = response.get("content", {})
        if method == "HEAD" or (not body and not content):
            return None
        if media not in content:
            return f"{method} {name}: {status} with {content_type!r} is not described"
        schema, errors = content[media].get("schema", {}), []
        if media in LINE_TYPES:
            errors = self.errors_of_lines(media, self.resolve(schema), body)
        elif media in JSON_TYPES and is_whole:
            errors = self.errors_of_text(schema, body)
        return f"{method} {name}: {status}: " + "; ".join(errors[:3]) if errors else None

    def check_event(self, event):
        """None, or what of a CloudEvents object is not as described."""
        errors = self.errors_of(self.document["components"]["schemas"]["Event"], event)
        return f"event {event.get('type')}: " + "; ".join(errors[:3]) if errors else None

    def check_webhook(self, name, headers, body):
        """None, or what of a request to a subscriber is not as described; headers by names in lower case."""
        operation = self.document["webhooks"][name]["post"]
        media = headers.get("content-type", "").split(";")[0]
        if media not in operation["requestBody"]["content"]:
            return f"webhook {name}: {media!r} is not described"
        errors = self.errors_of_text(operation["requestBody"]["content"][media]["schema"], body)
        for parameter in map(self.resolve, operation["parameters"]):
            if parameter["name"] in headers:
                errors += self.errors_of(parameter["schema"], headers[parameter["name"]])
            elif parameter["required"]:
                errors.append(f"there is no header {parameter['name']}")
        return f"webhook {name}: " + "; ".join(errors[:3]) if errors else None
